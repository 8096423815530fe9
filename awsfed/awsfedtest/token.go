package awsfedtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp/issuer"
	"github.com/onafed/onafed/internal/httpjson"
	"github.com/onafed/onafed/internal/jose"
	"github.com/onafed/onafed/internal/quote"
)

const (
	// expiryGrace is how long after its exp STS still takes a token.
	expiryGrace = 5 * time.Minute
	// fetchTimeout is what an issuer gets for each of its documents before STS gives up.
	fetchTimeout = 5 * time.Second
	// maxKeySet is the largest key set in bytes. AWS names a number of keys only; 200 keys have less than half of this.
	maxKeySet = 1 << 20
)

// badToken is InvalidIdentityToken with this message.
func badToken(message string) *apiError { return refuse("InvalidIdentityToken", message) }

// checkToken checks an ID token as AWS does, for a role of the given account, and returns its claims.
//
// This is not issuer.Verifier, which is stricter in some places and milder in others: here there is a grace after exp but none for
// other claims, nbf is not looked at, an organization is nothing special, and each refusal has AWS's own code and text.
func (s *STS) checkToken(ctx context.Context, raw, account string, now time.Time) (claims.Claims, *apiError) {
	header, c, err := claims.ParseUnverified(raw)
	if err != nil {
		return claims.Claims{}, badToken(notAJWT).because("%v", err)
	}
	if refused := checkRequired(c); refused != nil {
		return claims.Claims{}, refused
	}
	p, ok := s.providers[providerID(account, c.Issuer)]
	if !ok {
		return claims.Claims{}, badToken("No OpenIDConnect provider found in your account for "+quote.Clean(c.Issuer, 200)).because("account %s", account)
	}
	if refused := s.checkSignature(ctx, raw, header, c.Issuer); refused != nil {
		return claims.Claims{}, refused
	}
	if refused := checkAudience(c, p); refused != nil {
		return claims.Claims{}, refused
	}
	if end := c.Expiry.Add(expiryGrace); !now.Before(end) {
		return claims.Claims{}, refuse("ExpiredTokenException", "Token expired: current date/time "+strconv.FormatInt(now.Unix(), 10)+
			" must be before the expiration date/time "+strconv.FormatInt(c.Expiry.Unix(), 10))
	}
	return c, nil
}

// checkRequired refuses tokens that lack a claim which AWS needs.
func checkRequired(c claims.Claims) *apiError {
	for _, need := range []struct {
		name    string
		present bool
	}{
		{"iss", c.Issuer != ""},
		{"sub", c.Subject != ""},
		{"aud", len(c.Audience) > 0 || c.AuthorizedParty != ""},
		{"iat", !c.IssuedAt.IsZero()},
		{"exp", !c.Expiry.IsZero()},
	} {
		if !need.present {
			return badToken("Missing a required claim: " + need.name)
		}
	}
	var times struct{ Exp, Iat json.RawMessage }
	if err := c.Decode(&times); err != nil {
		return badToken(notAJWT).because("%v", err)
	}
	for name, text := range map[string]json.RawMessage{"exp": times.Exp, "iat": times.Iat} {
		if strings.ContainsAny(string(text), ".eE") {
			return badToken("The claim " + name + " must be an integer")
		}
	}
	return nil
}

// checkAudience compares the audience with the client ids. azp takes the place of aud.
func checkAudience(c claims.Claims, p Provider) *apiError {
	audience := c.AuthorizedParty
	if audience == "" {
		// For several audiences without azp AWS's answer is known only for tokens that AWS issued: it refuses them.
		if len(c.Audience) != 1 {
			return badToken("Incorrect token audience").because("%d audiences and no azp", len(c.Audience))
		}
		audience = c.Audience[0]
	}
	if !slices.Contains(p.ClientIDs, audience) {
		return badToken("Incorrect token audience").because("audience %s is not a client id of the provider", quote.Text(audience, 255))
	}
	return nil
}

// checkSignature fetches the issuer's discovery document and keys, and verifies the token with them. They are fetched anew for each
// call: how long AWS keeps them is not documented, and a test must not depend on it.
func (s *STS) checkSignature(ctx context.Context, raw string, header claims.Header, issuerURL string) *apiError {
	algorithm, ok := jose.Lookup(header.Algorithm)
	if !ok {
		return badToken("The algorithm of the token is not supported").because("algorithm %s", quote.Text(header.Algorithm, 20))
	}
	token, err := jose.Split(raw)
	if err != nil {
		return badToken(notAJWT).because("%v", err)
	}
	signature, err := jose.Decode(token.Signature)
	if err != nil {
		return badToken(notAJWT).because("%v", err)
	}
	keys, err := s.keys(ctx, issuerURL, header.KeyID)
	if err != nil {
		if silent(err) {
			return refuse("IDPCommunicationError", "").because("%v", err)
		}
		return badToken(noVerificationKey).because("%v", err)
	}
	err = errors.New("no key of the key set is for " + algorithm.Name())
	for _, key := range keys {
		if key.Algorithm != "" && key.Algorithm != algorithm.Name() {
			continue
		}
		if err = algorithm.Verify(key.Public, []byte(token.Signed), signature); err == nil {
			return nil
		}
	}
	return badToken("The signature of the token is not valid").because("%v", err)
}

// keys returns the issuer's keys that may have signed with this kid.
func (s *STS) keys(ctx context.Context, issuerURL, kid string) ([]issuer.Key, error) {
	meta, err := issuer.Discover(ctx, issuerURL, &issuer.DiscoverOptions{HTTPClient: s.idps, Timeout: fetchTimeout})
	if err != nil {
		return nil, err
	}
	if missing := missingMember(meta); missing != "" {
		return nil, errors.New("the discovery document has no " + missing)
	}
	// Not an issuer.RemoteKeySet, which fetches behind its callers: here a call that ends leaves nothing running.
	resp, err := httpjson.Do(ctx, httpjson.Request{Client: s.idps, URL: meta.JWKSURI, Limit: maxKeySet, Timeout: fetchTimeout})
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the key set's server answered %d", resp.StatusCode)
	}
	keys, err := issuer.ParseKeySet(resp.Body)
	if err != nil {
		return nil, err
	}
	return issuer.StaticKeySet(keys...).Keys(ctx, kid)
}

// missingMember names a member that AWS wants in a discovery document ("Create an OpenID Connect identity provider in IAM",
// prerequisites) and that is not there. What is in it is not looked at: AWS's page does not say that STS does.
func missingMember(meta *issuer.Metadata) string {
	for _, need := range []struct {
		name   string
		values []string
	}{
		{"claims_supported", meta.Claims},
		{"response_types_supported", meta.ResponseTypes},
		{"subject_types_supported", meta.SubjectTypes},
		{"id_token_signing_alg_values_supported", meta.Algorithms},
	} {
		if len(need.values) == 0 {
			return need.name
		}
	}
	return ""
}

// silent reports whether the issuer gave no answer at all. Then the code is IDPCommunicationError ("could not be reached"); an
// answer that is of no use is InvalidIdentityToken. AWS's pages do not draw the line; both are errors that pass.
func silent(err error) bool {
	var transport *httpjson.TransportError
	return errors.As(err, &transport)
}
