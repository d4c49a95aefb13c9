{{/* The settings of one part, as the programs read them. (dict "root" $ "name" NAME "part" PART) */}}

{{/* What the chart says itself. */}}
{{- define "polku.ownSettings" -}}
{{- $values := .root.Values }}
{{- $mtls := eq $values.access.mode "mtls" }}
grpc.listen: {{ ternary "0.0.0.0" "127.0.0.1" $mtls }}:7443
ops.listen: 0.0.0.0:9443
data.folder: /var/lib/polku/data/{{ .name }}
erasures.folder: /var/lib/polku/erasures/{{ .name }}
audit.folder: /var/lib/polku/erasures/{{ .name }}.audit
access.mode: {{ $values.access.mode }}
{{- if $mtls }}
tls.certificate: /etc/polku/tls/tls.crt
tls.key: /etc/polku/tls/tls.key
tls.client_ca: /etc/polku/tls/ca.crt
tls.peer_ca: /etc/polku/tls/ca.crt
access.organisations: /etc/polku/access/organisations.yaml
{{- if $values.access.tokenIssuer }}
access.jwks: /etc/polku/access/jwks.json
access.token_issuer: {{ $values.access.tokenIssuer }}
access.token_audience: {{ $values.access.tokenAudience }}
{{- end }}
{{- end }}
{{- range $kind := list "pathways" "rules" "instruments" }}
{{ $kind }}.folder: {{ ternary "/etc/polku" "/usr/share/polku" (ne (index $values.definitions $kind) "") }}/{{ $kind }}
{{- end }}
{{- with $values.providers }}
feed.providers: {{ join "," . }}
{{- end }}
{{- if ne .name "all-in-one" }}
bus.kind: kafka
bus.kafka_servers: {{ $values.kafka.servers }}
{{- if $values.kafka.propertiesSecret }}
bus.kafka_properties: /etc/polku/kafka-properties/properties
{{- end }}
store.kind: {{ $values.store.kind }}
{{- if eq $values.store.kind "postgres" }}
store.postgres: {{ $values.store.postgres | quote }}
{{- end }}
peers: {{ include "polku.peers" . }}
{{- end }}
{{- end }}

{{/* The other services, as the setting `peers` and POLKU_SERVERS name them. */}}
{{- define "polku.peers" -}}
{{- $peers := list }}
{{- range $name := include "polku.parts" .root | splitList "," }}
{{- if ne $name $.name }}{{ $peers = append $peers (printf "%s=%s" $name (include "polku.address" (dict "root" $.root "name" $name))) }}{{ end }}
{{- end }}
{{- join "," $peers }}
{{- end }}

{{- define "polku.address" -}}
{{- $part := include "polku.part" . | fromYaml }}
{{- include "polku.fullname" .root }}-{{ .name }}:{{ int $part.service.port }}
{{- end }}

{{- define "polku.settings" -}}
{{- $own := include "polku.ownSettings" . | fromYaml }}
{{- $said := merge (deepCopy .part.settings) .root.Values.settings }}
{{- range $name := keys $own | sortAlpha }}
{{- if hasKey $said $name }}{{ fail (printf "settings: %s is said by the chart" $name) }}{{ end }}
{{- end }}
{{- range $name, $value := merge $said $own }}
{{ $name }}: {{ toJson $value }}
{{- end }}
{{- end }}
