#include "libs/rpc/tokens.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/rpc/testing/authority.h"

namespace polku::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kNow = 1'772'000'000;

class TokensTest : public ::testing::Test {
 protected:
  // `more` is added, and wins over what stands there.
  std::string Claims(const std::string& more = "") const {
    return absl::StrCat(R"({"iss":"https://sso.example","aud":["polku","other"],"sub":"u1","exp":)", kNow + 60,
                        R"(,"iat":)", kNow - 60, R"(,"organisation":"organisations/o1","roles":["intake","lead"])",
                        more, "}");
  }
  absl::StatusOr<TokenClaims> Verify(const std::string& token) const {
    return keys_->Verify(token, {"https://sso.example", "polku"}, absl::FromUnixSeconds(kNow));
  }
  void ExpectRefused(const std::string& token, const std::string& what, const std::string& reason = "TOKEN_INVALID") {
    const auto claims = Verify(token);
    EXPECT_THAT(claims, StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr(what)));
    EXPECT_EQ(ReasonOf(claims.status()), reason);
  }

  const testing::TokenMaker maker_;
  const absl::StatusOr<TokenKeys> keys_ = TokenKeys::Parse(maker_.Jwks());
};

TEST_F(TokensTest, ReadsWhatAGoodTokenSays) {
  for (const char* algorithm : {"RS256", "ES256", "EdDSA"}) {
    const auto claims = Verify(maker_.Sign(Claims(), algorithm));
    ASSERT_THAT(claims, IsOk()) << algorithm;
    EXPECT_EQ(claims->user, "u1");
    EXPECT_EQ(claims->organisation, "organisations/o1");
    EXPECT_THAT(claims->roles, ElementsAre("intake", "lead"));
  }
}

TEST_F(TokensTest, RefusesASignatureThatIsNotOfTheKeyNamed) {
  const testing::TokenMaker stranger;
  for (const char* algorithm : {"RS256", "ES256", "EdDSA"}) {
    ExpectRefused(stranger.Sign(Claims(), algorithm), "signature");
    // The signature of other claims.
    const std::string good = maker_.Sign(Claims(), algorithm);
    const std::string other = maker_.Sign(Claims(R"(,"sub":"u2")"), algorithm);
    ExpectRefused(other.substr(0, other.rfind('.')) + good.substr(good.rfind('.')), "signature");
    ExpectRefused(good.substr(0, good.rfind('.') + 1), "signature");
  }
}

// The header is the caller's word: it must not choose how it is checked.
TEST_F(TokensTest, RefusesAnAlgorithmThatIsNotThatOfTheKey) {
  ExpectRefused(maker_.Sign(Claims(), "RS256", "none", "RS256"), "alg");
  ExpectRefused(maker_.Sign(Claims(), "RS256", "HS256", "RS256"), "alg");
  ExpectRefused(maker_.Sign(Claims(), "RS256", "ES256", "RS256"), "alg");
  std::string unsigned_token = maker_.Sign(Claims(), "RS256", "none", "RS256");
  unsigned_token.resize(unsigned_token.rfind('.') + 1);
  ExpectRefused(unsigned_token, "alg");
}

TEST_F(TokensTest, RefusesAKeyThatItDoesNotKnow) {
  ExpectRefused(maker_.Sign(Claims(), "RS256", "RS256", "gone"), "kid");
  ExpectRefused(maker_.Sign(Claims(), "RS256", "RS256", ""), "kid");
}

TEST_F(TokensTest, RefusesATokenOfOthersForOthersOrOfAnotherTime) {
  const auto with = [this](const std::string& more) { return maker_.Sign(Claims(more), "ES256"); };
  ExpectRefused(with(R"(,"iss":"https://else.example")"), "issuer");
  ExpectRefused(with(R"(,"aud":"other")"), "audience");
  ExpectRefused(with(R"(,"aud":{"polku":1})"), "audience");
  ExpectRefused(with(absl::StrCat(R"(,"exp":)", kNow - 31)), "expired", "TOKEN_EXPIRED");
  ExpectRefused(with(R"(,"exp":"tomorrow")"), "exp");
  ExpectRefused(with(R"(,"exp":1e300)"), "exp");
  ExpectRefused(with(absl::StrCat(R"(,"nbf":)", kNow + 31)), "nbf");
  ExpectRefused(with(absl::StrCat(R"(,"iat":)", kNow + 31)), "iat");
  // Clocks are not quite alike.
  EXPECT_THAT(Verify(with(absl::StrCat(R"(,"exp":)", kNow - 29, R"(,"nbf":)", kNow + 29))), IsOk());
}

TEST_F(TokensTest, RefusesATokenThatDoesNotSayWhoInWhichRole) {
  const auto with = [this](const std::string& more) { return maker_.Sign(Claims(more), "EdDSA"); };
  ExpectRefused(with(R"(,"sub":"")"), "sub");
  ExpectRefused(with(R"(,"sub":"systems/desk")"), "sub");
  ExpectRefused(with(R"(,"sub":"a\nb")"), "sub");
  ExpectRefused(with(R"(,"organisation":"o1")"), "organisation");
  ExpectRefused(with(R"(,"roles":[])"), "roles");
  ExpectRefused(with(R"(,"roles":"intake")"), "roles");
  ExpectRefused(with(R"(,"roles":["root"])"), "roles");
}

TEST_F(TokensTest, RefusesWhatIsNoToken) {
  const std::string good = maker_.Sign(Claims(), "ES256");
  for (const std::string& bad :
       {std::string(), std::string("a"), std::string(".."), good + ".", "." + good,
        absl::StrReplaceAll(good, {{".", "=."}}), maker_.Sign("[]", "ES256"), maker_.Sign("{", "ES256")}) {
    EXPECT_THAT(Verify(bad), StatusIs(absl::StatusCode::kUnauthenticated, ::testing::_)) << bad;
  }
}

TEST(TokenKeysTest, LeavesOutKeysThatAreNotForTokens) {
  const std::string set = testing::TokenMaker().Jwks();
  const std::string more = absl::StrReplaceAll(
      set, {{"\"keys\":[", R"("keys":[{"kty":"oct","kid":"s","k":"AAAA"},{"kty":"EC","crv":"P-521","kid":"p"},7,)"}});
  EXPECT_THAT(TokenKeys::Parse(more), IsOk());
}

TEST(TokenKeysTest, RefusesASetThatCannotBeMeant) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(TokenKeys::Parse("nonsense"), StatusIs(kInvalid, HasSubstr("not a JWKS")));
  EXPECT_THAT(TokenKeys::Parse("{\"keys\":{}}"), StatusIs(kInvalid, HasSubstr("not a JWKS")));
  EXPECT_THAT(TokenKeys::Parse("{\"keys\":[]}"), StatusIs(kInvalid, HasSubstr("no key")));
  // 64 bits.
  EXPECT_THAT(TokenKeys::Parse(R"({"keys":[{"kty":"RSA","kid":"weak","n":"wAAAAAAAAAE","e":"AQAB"}]})"),
              StatusIs(kInvalid, HasSubstr("weak")));
  // Not on the curve.
  EXPECT_THAT(TokenKeys::Parse(R"({"keys":[{"kty":"EC","crv":"P-256","kid":"off",
      "x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}]})"),
              StatusIs(kInvalid, HasSubstr("off")));
  const std::string set = testing::TokenMaker().Jwks();
  EXPECT_THAT(TokenKeys::Parse(absl::StrReplaceAll(set, {{"\"kid\":\"ES256\"", "\"kid\":\"RS256\""}})),
              StatusIs(kInvalid, HasSubstr("two keys")));
}

}  // namespace
}  // namespace polku::rpc
