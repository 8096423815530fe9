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
	// expiryGrace is the time after exp for which STS accepts a token.
	expiryGrace = 5 * time.Minute
	// fetchTimeout is the time limit for each document of an issuer.
	fetchTimeout = 5 * time.Second
	// maxKeySet is the largest key set in bytes. AWS limits only the number of keys; 200 keys have
	// less than half of this.
	maxKeySet = 1 << 20
)

// badToken returns an InvalidIdentityToken error.
func badToken(message string) *apiError { return refuse("InvalidIdentityToken", message) }

// checkToken checks an ID token for a role of an account, as AWS does, and returns its claims.
//
// An issuer.Verifier has other rules: it has one leeway for all times, and checks nbf and the
// organization.
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

// checkRequired refuses a token without a claim that AWS requires.
func checkRequired(c claims.Claims) *apiError {
	for _, claim := range []struct {
		name    string
		present bool
	}{
		{"iss", c.Issuer != ""},
		{"sub", c.Subject != ""},
		{"aud", len(c.Audience) > 0 || c.AuthorizedParty != ""},
		{"iat", !c.IssuedAt.IsZero()},
		{"exp", !c.Expiry.IsZero()},
	} {
		if !claim.present {
			return badToken("Missing a required claim: " + claim.name)
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

// checkAudience compares the audience of a token with the client IDs of the provider.
func checkAudience(c claims.Claims, p Provider) *apiError {
	// AWS refuses tokens that it issued itself if they have several audiences and no azp. Its rule
	// for other tokens is not documented.
	if c.AuthorizedParty == "" && len(c.Audience) != 1 {
		return badToken("Incorrect token audience").because("%d audiences and no azp", len(c.Audience))
	}
	if audience := audienceOf(c); !slices.Contains(p.ClientIDs, audience) {
		return badToken("Incorrect token audience").because("audience %s is not a client ID of the provider", quote.Text(audience, 255))
	}
	return nil
}

// audienceOf returns the azp of a token, which replaces aud, or its first audience.
func audienceOf(c claims.Claims) string {
	if c.AuthorizedParty != "" {
		return c.AuthorizedParty
	}
	return c.Audience[0]
}

// checkSignature fetches the documents of the issuer and verifies the token with its keys. It does
// not cache the documents: AWS does not document how long it caches them, and a test must not depend
// on it.
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
		// An issuer that gives no response "could not be reached". A response that cannot be used is
		// InvalidIdentityToken. AWS does not document the difference; both errors are temporary.
		if _, ok := errors.AsType[*httpjson.TransportError](err); ok {
			return refuse("IDPCommunicationError", "").because("%v", err)
		}
		return badToken(noVerificationKey).because("%v", err)
	}
	err = errors.New("the key set has no key for " + algorithm.Name())
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

// keys fetches the keys of an issuer that have the ID kid, or all of them if kid is "".
func (s *STS) keys(ctx context.Context, issuerURL, kid string) ([]issuer.Key, error) {
	meta, err := issuer.Discover(ctx, issuerURL, &issuer.DiscoverOptions{HTTPClient: s.issuerClient, Timeout: fetchTimeout})
	if err != nil {
		return nil, err
	}
	if missing := missingMember(meta); missing != "" {
		return nil, errors.New("the discovery document has no " + missing)
	}
	// An issuer.RemoteKeySet would continue to fetch in the background after the call.
	resp, err := httpjson.Do(ctx, httpjson.Request{Client: s.issuerClient, URL: meta.JWKSURI, Limit: maxKeySet, Timeout: fetchTimeout})
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server of the key set responded with status %d", resp.StatusCode)
	}
	keys, err := issuer.ParseKeySet(resp.Body)
	if err != nil {
		return nil, err
	}
	return issuer.StaticKeySet(keys...).Keys(ctx, kid)
}

// missingMember returns the first required member that a discovery document does not have, or "".
// The required members are those in "Create an OpenID Connect identity provider in IAM",
// prerequisites. AWS does not document that STS checks their values.
func missingMember(meta *issuer.Metadata) string {
	for _, member := range []struct {
		name   string
		values []string
	}{
		{"claims_supported", meta.Claims},
		{"response_types_supported", meta.ResponseTypes},
		{"subject_types_supported", meta.SubjectTypes},
		{"id_token_signing_alg_values_supported", meta.Algorithms},
	} {
		if len(member.values) == 0 {
			return member.name
		}
	}
	return ""
}
