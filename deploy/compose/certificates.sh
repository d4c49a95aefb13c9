#!/bin/sh
# Who is who in a trial: an authority, a certificate for each service and for one desk, whose they are (organisations.yaml),
# and a token for somebody at that desk who may do everything, with the key that it is verified by (jwks.json). Made
# once, kept in FOLDER. A region has an authority and a sign-in of its own and does not use this.
#
#   certificates.sh FOLDER [HOST…]      more names under which a service is reached, besides its own
set -eu
folder="$1"
shift
[ ! -e "$folder/organisations.yaml" ] || exit 0
mkdir -p "$folder"
cd "$folder"
umask 077
region=spiffe://polku.example

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650 -subj "/CN=Polku trial authority" \
  -keyout ca.key -out ca.pem 2>/dev/null

certificate() {  # certificate NAME NAMES-AND-URI
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\nkeyUsage=digitalSignature\n' "$2" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -extfile "$1.ext" -out "$1.pem" \
    2>/dev/null
  rm "$1.csr" "$1.ext"
}

hosts=""
for host in localhost "$@"; do hosts="$hosts,DNS:$host"; done
for service in referral assessment coordinator-network follow-up; do
  certificate "$service" "DNS:$service$hosts,URI:$region/services/$service"
  cat >>organisations.new <<ROW
$region/services/$service:
  organisation: organisations/polku
  system: $service
  roles: [service]
ROW
done
certificate desk "URI:$region/desk"
roles='"referrer","intake","assessor","coordinator","lead","provider","operator","auditor"'
cat >>organisations.new <<ROW
$region/desk:
  organisation: organisations/kainuu-unit
  system: desk
  roles: [$roles]
ROW

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
openssl genpkey -algorithm ed25519 -out token.key
x="$(openssl pkey -in token.key -pubout -outform DER | tail -c 32 | base64url)"
printf '{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"trial","use":"sig","alg":"EdDSA","x":"%s"}]}\n' "$x" >jwks.json
expiry=$(($(date +%s) + 30 * 86400))
head="$(printf '{"alg":"EdDSA","typ":"JWT","kid":"trial"}' | base64url)"
body="$(printf '{"iss":"https://trial.polku.example","aud":"polku","sub":"demo","organisation":"organisations/kainuu-unit",
"roles":[%s],"exp":%d}' "$roles" "$expiry" | base64url)"
printf '%s.%s' "$head" "$body" >token.text
openssl pkeyutl -sign -rawin -inkey token.key -in token.text -out token.signature
printf '%s.%s\n' "$(cat token.text)" "$(base64url <token.signature)" >token.jwt
rm token.text token.signature
mv organisations.new organisations.yaml  # Last: it says that everything is there.
