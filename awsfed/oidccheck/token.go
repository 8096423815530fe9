package oidccheck

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp/issuer"
	"github.com/onafed/onafed/internal/jose"
	"github.com/onafed/onafed/internal/quote"
)

// token checks a token of the issuer. meta and keys are nil if they cannot be fetched.
func (c *checker) token(raw string, meta *issuer.Metadata, keys []jose.Key) {
	if len(raw) > claims.MaxTokenSize {
		c.fail("token-size", "The token has "+strconv.Itoa(len(raw))+" bytes.", "STS accepts at most "+strconv.Itoa(claims.MaxTokenSize)+": use fewer claims.")
		return
	}
	h, cl, err := claims.ParseUnverified(raw)
	if err != nil {
		c.fail("token", "Cannot read the token: "+err.Error()+".", "Send a signed JWT in compact form, without quotes, spaces or line breaks.")
		return
	}
	c.signature(raw, h, meta, keys)
	if cl.Issuer != c.issuer {
		c.fail("token-iss", "iss is "+quote.Text(cl.Issuer, maxURL)+", not the issuer.", "iss, the issuer URL and the URL registered in IAM must be equal byte for byte.")
	}
	c.audience(cl)
	c.times(cl, time.Now())
	c.subject(cl.Subject)
}

// signature checks the algorithm and verifies the signature with the published keys, if there are
// any.
//
// The algorithms are those of "Create an OpenID Connect identity provider in IAM" (IAM User Guide).
func (c *checker) signature(raw string, h claims.Header, meta *issuer.Metadata, keys []jose.Key) {
	alg, ok := jose.Lookup(h.Algorithm)
	if !ok {
		c.fail("token-alg", "The token is signed with "+quote.Text(h.Algorithm, maxShown)+".", "STS accepts "+strings.Join(jose.Names(), ", ")+", and not PS256, EdDSA or HMAC.")
		return
	}
	if meta != nil && !slices.Contains(meta.Algorithms, h.Algorithm) {
		c.warn("token-alg-unlisted", "The discovery document does not list "+h.Algorithm+".", "Add it to id_token_signing_alg_values_supported.")
	}
	if h.KeyID == "" {
		c.warn("token-kid", "The token has no kid.", "Write the kid of the key to the header, so that a verifier finds the key after a rotation.")
	}
	parts, err := jose.Split(raw)
	if err != nil || keys == nil {
		return
	}
	sig, err := jose.Decode(parts.Signature)
	if err != nil {
		c.fail("token-signature", "The signature is not unpadded base64url.", "Send the token unchanged.")
		return
	}
	candidates := keys
	if h.KeyID != "" {
		candidates = slices.DeleteFunc(slices.Clone(keys), func(k jose.Key) bool { return k.ID != h.KeyID })
		if len(candidates) == 0 {
			c.fail("token-key", "The key set has no usable key "+quote.Text(h.KeyID, maxShown)+".", "Publish a key before it signs, and keep it until its last token has expired, as issuer.KeyRing does.")
			return
		}
	}
	at := slices.IndexFunc(candidates, func(k jose.Key) bool { return alg.Verify(k.Public, []byte(parts.Signed), sig) == nil })
	if at < 0 {
		c.fail("token-signature", "The signature does not match the published key.", "Sign with the key that is published with this kid.")
		return
	}
	if published := candidates[at].Algorithm; published != "" && published != h.Algorithm {
		c.warn("token-key-alg", "The token is signed with "+h.Algorithm+", and the key is published for "+published+" (alg).",
			"Sign with "+published+", or publish the key with alg "+h.Algorithm+": a verifier such as issuer.Verifier refuses a key of another alg.")
	}
}

// audience checks aud and azp. If a token has an azp, STS compares it with the client IDs of the
// provider and with the condition key :aud ("IAM and STS condition context keys", IAM User Guide).
func (c *checker) audience(cl claims.Claims) {
	seen := ""
	switch len(cl.Audience) {
	case 0:
		c.fail("token-aud", "The token has no aud.", "Set aud to the client ID that is registered in IAM, usually sts.amazonaws.com.")
	case 1:
		seen = cl.Audience[0]
	default:
		c.fail("token-aud-several", "The token has "+strconv.Itoa(len(cl.Audience))+" audiences.", "Use exactly one: AWS refuses its own tokens with several, and does not document the rule for other tokens.")
	}
	if cl.AuthorizedParty != "" && cl.AuthorizedParty != seen {
		c.warn("token-azp", "azp is "+quote.Text(cl.AuthorizedParty, maxShown)+"; STS uses it instead of aud.", "Remove azp, or register its value as a client ID and use it for the condition key :aud.")
		seen = cl.AuthorizedParty
	}
	if seen != "" && seen != c.o.Audience {
		c.warn("token-aud-other", "The audience is "+quote.Text(seen, maxShown)+", not "+quote.Text(c.o.Audience, maxShown)+".", "Register it as a client ID of the IAM identity provider, or request a token for another audience.")
	}
	if len(seen) > maxAudience {
		c.fail("token-aud-long", "The audience has "+strconv.Itoa(len(seen))+" bytes.", "A client ID in IAM has at most 255 bytes.")
	}
}

// times checks exp, iat and nbf, which must be whole seconds. A difference between the clocks of
// this machine and of STS may hide an error or cause one.
func (c *checker) times(cl claims.Claims, now time.Time) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(cl.Payload(), &raw); err == nil {
		for _, name := range []string{"exp", "iat", "nbf"} {
			if v, ok := raw[name]; ok && strings.ContainsAny(string(v), ".eE") {
				c.fail("token-time", name+" is "+quote.Text(string(v), maxShown)+", not an integer.", "Use whole seconds since 1970: STS requires an integer.")
			}
		}
	}
	switch {
	case cl.Expiry.IsZero():
		c.fail("token-exp", "The token has no exp.", "Add it.")
	case !now.Before(cl.Expiry.Add(expiryGrace)):
		c.fail("token-expired", "The token expired at "+cl.Expiry.UTC().Format(time.RFC3339)+".", "Get a new token. If this one is new, the clock of the issuer is wrong.")
	case !now.Before(cl.Expiry):
		c.warn("token-expired", "The token expired at "+cl.Expiry.UTC().Format(time.RFC3339)+"; STS accepts it for 5 minutes after that.", "Get a new token.")
	}
	switch {
	case cl.IssuedAt.IsZero():
		c.fail("token-iat", "The token has no iat.", "Add it: STS requires it.")
	case cl.IssuedAt.After(now.Add(clockTolerance)):
		c.fail("token-iat-future", "iat is "+cl.IssuedAt.Sub(now).Round(time.Second).String()+" in the future.", "Correct the clock of the issuer or of this machine, or set iat some seconds back.")
	}
	if cl.NotBefore.After(now.Add(clockTolerance)) {
		c.fail("token-nbf", "nbf is "+cl.NotBefore.Sub(now).Round(time.Second).String()+" in the future.", "Set nbf some seconds back, or remove it.")
	}
}

// subject checks sub, which STS returns as SubjectFromWebIdentityToken, with 6 to 255 characters,
// and writes to CloudTrail.
func (c *checker) subject(sub string) {
	switch n := len(sub); {
	case n == 0:
		c.fail("token-sub", "The token has no sub.", "Add it: STS requires it, and trust policies are about it.")
		return
	case n > maxSub:
		c.fail("token-sub-long", "sub has "+strconv.Itoa(n)+" bytes.", "OpenID Connect and the STS API allow 255: use fewer extra fields.")
	case n < 6:
		c.warn("token-sub-short", "sub has "+strconv.Itoa(n)+" bytes; the STS API documents at least 6.", "Use a longer sub.")
	}
	if strings.ContainsFunc(sub, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		c.warn("token-sub-ascii", "sub has characters outside printable ASCII.", "OpenID Connect allows ASCII only, and IAM compares bytes.")
	}
	if personal(sub) {
		c.warn("token-sub-personal", "sub seems to contain personal data ("+claims.RedactSubject(sub)+").", "AWS writes sub to CloudTrail and asks not to put personal data there: use IDs.")
	}
	if strings.ContainsAny(sub, "*?") {
		c.warn("token-sub-wildcard", "sub contains * or ?.", "A policy matches them literally only with ${*} or ${?}: use other characters.")
	}
}

// personal reports whether a sub seems to contain an e-mail address or a name.
func personal(sub string) bool {
	signs := []string{"@", "creator_email:", "creator_name:", ":email:", ":name:"}
	return slices.ContainsFunc(signs, func(sign string) bool { return strings.Contains(sub, sign) })
}
