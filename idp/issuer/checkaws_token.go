package issuer

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/jose"
	"github.com/onafed/onafed/internal/quote"
)

func (c *awsCheck) token(raw string, meta *Metadata, keys []jose.Key) {
	if len(raw) > claims.MaxTokenSize {
		c.bad("token-size", "The token has "+strconv.Itoa(len(raw))+" bytes.", "STS takes at most "+strconv.Itoa(claims.MaxTokenSize)+": sign fewer claims.")
		return
	}
	h, cl, err := claims.ParseUnverified(raw)
	if err != nil {
		c.bad("token", "The token cannot be read: "+err.Error()+".", "Send a signed JWT in compact form, without quotes, spaces and line breaks.")
		return
	}
	c.signature(raw, h, meta, keys)
	if cl.Issuer != c.issuer {
		c.bad("token-iss", "iss is "+quote.Text(cl.Issuer, maxURL)+", not the issuer.", "Both must be equal byte for byte, and so must be the URL registered in IAM.")
	}
	c.audience(cl)
	c.times(cl, time.Now())
	c.subject(cl.Subject)
}

func (c *awsCheck) signature(raw string, h claims.Header, meta *Metadata, keys []jose.Key) {
	alg, ok := jose.Lookup(h.Algorithm)
	if !ok {
		c.bad("token-alg", "The token is signed with "+quote.Text(h.Algorithm, maxShown)+".", "STS takes "+strings.Join(jose.Names(), ", ")+"; no PS256, no EdDSA, no HMAC.")
		return
	}
	if meta != nil && !slices.Contains(meta.Algorithms, h.Algorithm) {
		c.warn("token-alg-unlisted", "The discovery document does not list "+h.Algorithm+".", "Add it to id_token_signing_alg_values_supported.")
	}
	if h.KeyID == "" {
		c.warn("token-kid", "The token names no key.", "Put the kid of the key into the header, so that a rotation cannot pick the wrong one.")
	}
	parts, err := jose.Split(raw)
	if err != nil || keys == nil {
		return
	}
	sig, err := jose.Decode(parts.Signature)
	if err != nil {
		c.bad("token-signature", "The signature is not unpadded base64url.", "Send the token as it was signed.")
		return
	}
	candidates := keys
	if h.KeyID != "" {
		candidates = slices.DeleteFunc(slices.Clone(keys), func(k jose.Key) bool { return k.ID != h.KeyID })
		if len(candidates) == 0 {
			c.bad("token-key", "The key set has no usable key "+quote.Text(h.KeyID, maxShown)+".", "Publish a key before it signs, and keep it until its last token has expired (KeyRing does).")
			return
		}
	}
	at := slices.IndexFunc(candidates, func(k jose.Key) bool { return alg.Verify(k.Public, []byte(parts.Signed), sig) == nil })
	if at < 0 {
		c.bad("token-signature", "The signature does not match the published key.", "Sign with the key that is published under this kid.")
		return
	}
	if published := candidates[at].Algorithm; published != "" && published != h.Algorithm {
		c.warn("token-key-alg", "The token is signed with "+h.Algorithm+", by a key that is published for "+published+" (alg).",
			"Sign with "+published+", or publish the key with alg "+h.Algorithm+": verifiers may refuse the one with the other, as the Verifier here does.")
	}
}

func (c *awsCheck) audience(cl claims.Claims) {
	seen := ""
	switch len(cl.Audience) {
	case 0:
		c.bad("token-aud", "The token has no aud.", "Sign aud with the client id that is registered in IAM, usually sts.amazonaws.com.")
	case 1:
		seen = cl.Audience[0]
	default:
		c.bad("token-aud-several", "The token has "+strconv.Itoa(len(cl.Audience))+" audiences.", "Sign exactly one: AWS refuses its own tokens with several, and does not say what it does with others.")
	}
	if cl.AuthorizedParty != "" && cl.AuthorizedParty != seen {
		c.warn("token-azp", "azp is "+quote.Text(cl.AuthorizedParty, maxShown)+"; STS takes it in place of aud.", "Leave azp out, or register its value as client id and write it in the policy's :aud.")
		seen = cl.AuthorizedParty
	}
	if seen != "" && seen != c.o.Audience {
		c.warn("token-aud-other", "The audience is "+quote.Text(seen, maxShown)+", not "+quote.Text(c.o.Audience, maxShown)+".", "Register it as a client id of the IAM identity provider, or ask for another.")
	}
	if len(seen) > maxAudience {
		c.bad("token-aud-long", "The audience has "+strconv.Itoa(len(seen))+" bytes.", "IAM holds client ids of at most 255.")
	}
}

func (c *awsCheck) times(cl claims.Claims, now time.Time) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(cl.Payload(), &raw); err == nil {
		for _, name := range []string{"exp", "iat", "nbf"} {
			if v, ok := raw[name]; ok && strings.ContainsAny(string(v), ".eE") {
				c.bad("token-time", name+" is "+quote.Text(string(v), maxShown)+", not an integer.", "Sign whole seconds since 1970: STS reads a long.")
			}
		}
	}
	switch {
	case cl.Expiry.IsZero():
		c.bad("token-exp", "The token has no exp.", "Sign one.")
	case !now.Before(cl.Expiry.Add(awsGrace)):
		c.bad("token-expired", "The token expired at "+cl.Expiry.UTC().Format(time.RFC3339)+".", "Get a new one; if it is new, the issuer's clock is wrong.")
	case !now.Before(cl.Expiry):
		c.warn("token-expired", "The token expired at "+cl.Expiry.UTC().Format(time.RFC3339)+"; STS takes it for 5 minutes more.", "Get a new one.")
	}
	switch {
	case cl.IssuedAt.IsZero():
		c.bad("token-iat", "The token has no iat.", "Sign one: STS requires it.")
	case cl.IssuedAt.After(now.Add(defaultLeeway)):
		c.bad("token-iat-future", "iat is "+cl.IssuedAt.Sub(now).Round(time.Second).String()+" in the future.", "Set the clock of the issuer (or of this machine), and date iat back a little.")
	}
	if cl.NotBefore.After(now.Add(defaultLeeway)) {
		c.bad("token-nbf", "nbf is "+cl.NotBefore.Sub(now).Round(time.Second).String()+" in the future.", "Date nbf back a little, or leave it out.")
	}
}

func (c *awsCheck) subject(sub string) {
	switch n := len(sub); {
	case n == 0:
		c.bad("token-sub", "The token has no sub.", "Sign one: it becomes SubjectFromWebIdentityToken, and policies look at it.")
		return
	case n > maxSub:
		c.bad("token-sub-long", "sub has "+strconv.Itoa(n)+" bytes.", "OpenID Connect and the STS API allow 255: use fewer extra fields.")
	case n < 6:
		c.warn("token-sub-short", "sub has "+strconv.Itoa(n)+" bytes; the STS API documents at least 6.", "Use a longer one.")
	}
	for _, r := range sub {
		if r < 0x20 || r > 0x7e {
			c.warn("token-sub-ascii", "sub has characters outside printable ASCII.", "OpenID Connect allows ASCII only; IAM policies are compared byte by byte.")
			break
		}
	}
	if personal(sub) {
		c.warn("token-sub-personal", "sub seems to hold personal data ("+claims.RedactSubject(sub)+").", "AWS writes sub to CloudTrail and asks for none in it: use ids.")
	}
	if strings.ContainsAny(sub, "*?") {
		c.warn("token-sub-wildcard", "sub contains * or ?.", "A policy cannot match them literally without ${*} or ${?}; use other characters.")
	}
}

// personal reports whether a sub seems to hold an e-mail address or a name.
func personal(sub string) bool {
	if strings.Contains(sub, "@") {
		return true
	}
	for _, field := range []string{"creator_email:", "creator_name:", ":email:", ":name:"} {
		if strings.Contains(sub, field) {
			return true
		}
	}
	return false
}
