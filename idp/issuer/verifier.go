package issuer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/jose"
	"github.com/onafed/onafed/internal/quote"
)

const (
	// defaultLeeway is the accepted difference between the clocks of an issuer and a verifier.
	defaultLeeway = 30 * time.Second
	// maxLeeway is the largest leeway of a Verifier, and how long after exp STS accepts a token. A KeyRing
	// publishes a key for as long after the last exp.
	maxLeeway = 5 * time.Minute
)

// VerifierOptions are the choices of [NewVerifier]. There is no zero value that is fit for use: who is let in must be said.
type VerifierOptions struct {
	// Audiences are the values of which aud must contain one. Empty is an error unless AnyAudience is set: a token for another
	// service would be let in.
	Audiences []string
	// AnyAudience accepts every audience, and none. It excludes Audiences.
	AnyAudience bool
	// Organizations are the ids of the organizations let in. Ona's issuer https://app.gitpod.io signs for all its customers, so
	// for it empty is an error unless AnyOrganization is set. With any other issuer empty means that organizations are not looked at.
	Organizations []string
	// AnyOrganization lets every organization in. It excludes Organizations.
	AnyOrganization bool
	// Algorithms are those accepted, of RS256, RS384, RS512, ES256, ES384 and ES512; empty means RS256, which is what Ona uses.
	Algorithms []string
	// Leeway is how much the clocks may differ, for exp, nbf and iat; 0 means 30 seconds, less than 0 none. At most 5 minutes.
	Leeway time.Duration
	// MaxLifetime is the longest exp - iat accepted; 0 means any. With it a token must have an iat.
	MaxLifetime time.Duration
	// Logger gets a warning for each request that [Verifier.Middleware] refuses, with the reason and without the token; nil
	// means silence.
	Logger *slog.Logger
}

// A Verifier checks tokens of one issuer. It is safe for concurrent use if its key set is.
type Verifier struct {
	keys        KeySet
	algs        map[string]jose.Algorithm
	want        claims.Expected
	maxLifetime time.Duration
	logger      *slog.Logger
}

// NewVerifier returns a verifier of the tokens of an issuer, which iss must equal byte for byte, signed with keys of the set. It is an
// error to leave out the audience, or for Ona's issuer the organizations, without saying so; so nil options are an error.
func NewVerifier(issuer string, keys KeySet, opts *VerifierOptions) (*Verifier, error) {
	bad := func(format string, args ...any) (*Verifier, error) {
		return nil, fmt.Errorf("issuer: NewVerifier: "+format, args...)
	}
	if opts == nil {
		return bad("the options are nil: name the Audiences")
	}
	o := *opts
	switch {
	case issuer == "":
		return bad("the issuer is empty")
	case keys == nil:
		return bad("the key set is nil")
	case len(o.Audiences) == 0 && !o.AnyAudience:
		return bad("name the Audiences, or say AnyAudience")
	case len(o.Audiences) > 0 && o.AnyAudience:
		return bad("Audiences and AnyAudience exclude each other")
	case slices.Contains(o.Audiences, ""):
		return bad("an audience is empty")
	case len(o.Organizations) == 0 && !o.AnyOrganization && isOna(issuer):
		return bad("%s signs for every customer of Ona: name the Organizations, or say AnyOrganization", idp.Issuer)
	case len(o.Organizations) > 0 && o.AnyOrganization:
		return bad("Organizations and AnyOrganization exclude each other")
	case slices.Contains(o.Organizations, ""):
		return bad("an organization is empty")
	case o.Leeway > maxLeeway:
		return bad("Leeway %v is more than 5m", o.Leeway)
	case o.MaxLifetime < 0:
		return bad("MaxLifetime is negative")
	}
	switch {
	case o.Leeway == 0:
		o.Leeway = defaultLeeway
	case o.Leeway < 0:
		o.Leeway = 0
	}
	if len(o.Algorithms) == 0 {
		o.Algorithms = []string{"RS256"}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	v := &Verifier{
		keys: keys, algs: make(map[string]jose.Algorithm, len(o.Algorithms)), maxLifetime: o.MaxLifetime, logger: o.Logger,
		want: claims.Expected{
			Issuer: issuer, Audiences: slices.Clone(o.Audiences), Organizations: slices.Clone(o.Organizations), Leeway: o.Leeway,
		},
	}
	for _, name := range o.Algorithms {
		alg, ok := jose.Lookup(name)
		if !ok {
			return bad("Algorithms: %s is none of %v", quote.Text(name, maxShown), jose.Names())
		}
		v.algs[name] = alg
	}
	return v, nil
}

// isOna reports whether an issuer is Ona's, also when it is misspelt in a way that a person would not see. Such a spelling matches
// no token, and the message about organizations helps more than a verifier that refuses all.
func isOna(issuer string) bool {
	return strings.EqualFold(strings.TrimRight(issuer, "/"), idp.Issuer)
}

// Verify checks a token: its form, its algorithm, its signature by a key of the issuer, and its claims iss, aud, exp, nbf, iat and
// the organization. Only then are its claims returned. Nothing in the token says where a key comes from: the members jwk, jku, x5c
// and x5u of a header are not looked at.
//
// The error is a *[VerifyError], or ctx.Err() of a context that ended while keys were fetched.
func (v *Verifier) Verify(ctx context.Context, raw string) (claims.Claims, error) {
	c, err := v.verify(ctx, raw)
	if err != nil {
		return claims.Claims{}, err
	}
	return c, nil
}

func refuse(reason Reason, err error) (claims.Claims, error) {
	return claims.Claims{}, &VerifyError{Reason: reason, Err: err}
}

func (v *Verifier) verify(ctx context.Context, raw string) (claims.Claims, error) {
	parts, err := jose.Split(raw)
	if err != nil {
		return refuse(ReasonMalformed, err)
	}
	header, err := jose.Decode(parts.Header)
	if err != nil {
		return refuse(ReasonMalformed, fmt.Errorf("header: %w", err))
	}
	h, err := claims.ParseHeader(header)
	if err != nil {
		return refuse(ReasonMalformed, err)
	}
	alg, ok := v.algs[h.Algorithm]
	if !ok {
		return refuse(ReasonAlgorithm, fmt.Errorf("alg %s is not accepted", quote.Text(h.Algorithm, maxShown)))
	}
	if err := checkHeader(h); err != nil {
		return refuse(ReasonHeader, err)
	}
	signature, err := jose.Decode(parts.Signature)
	if err != nil {
		return refuse(ReasonMalformed, fmt.Errorf("signature: %w", err))
	}
	keys, err := v.keys.Keys(ctx, h.KeyID)
	if err != nil {
		var none *KeyNotFoundError
		switch {
		case errors.As(err, &none):
			return refuse(ReasonKey, err)
		case ctx.Err() != nil:
			return claims.Claims{}, ctx.Err()
		default:
			return refuse(ReasonKeysUnavailable, err)
		}
	}
	if reason, err := verifyWith(keys, h, alg, []byte(parts.Signed), signature); err != nil {
		return refuse(reason, err)
	}
	payload, err := jose.Decode(parts.Payload)
	if err != nil {
		return refuse(ReasonMalformed, fmt.Errorf("payload: %w", err))
	}
	c, err := claims.Parse(payload)
	if err != nil {
		return refuse(ReasonMalformed, err)
	}
	if reason, err := v.judge(c, time.Now()); err != nil {
		return refuse(reason, err)
	}
	return c, nil
}

// checkHeader refuses what would change the meaning of the token if we knew it.
func checkHeader(h claims.Header) error {
	// crit, which names extensions that must be understood, claims.ParseHeader has refused already.
	if _, ok := h.Extra["b64"]; ok { // RFC 7797: the payload may not be encoded
		return errors.New("b64 is not understood")
	}
	// RFC 8725 section 3.11: a token of another kind (a logout token, a DPoP proof) signed by the same issuer is no ID token.
	if typ := strings.ToLower(h.Type); typ != "" && typ != "jwt" && typ != "application/jwt" {
		return fmt.Errorf("typ %s is not that of an ID token", quote.Text(h.Type, maxShown))
	}
	return nil
}

// verifyWith tries the keys that fit. A token that names no key is only tried when one alone could be meant: OpenID Connect Core 1.0
// section 10.1 asks for a kid when there are several, and each try costs what a verification costs.
func verifyWith(keys []Key, h claims.Header, alg jose.Algorithm, signed, signature []byte) (Reason, error) {
	var fits []Key
	for n, k := range keys {
		if k.Use != "" && k.Use != "sig" || k.Algorithm != "" && k.Algorithm != h.Algorithm || alg.Fits(k.Public) != nil {
			continue
		}
		if len(keys) == 1 {
			fits = keys // the usual case copies nothing
			break
		}
		fits = append(fits, keys[n])
	}
	switch {
	case len(fits) == 0:
		return ReasonKey, fmt.Errorf("key %s is not one for %s", quote.Text(h.KeyID, maxShown), h.Algorithm)
	case len(fits) > 1 && h.KeyID == "":
		return ReasonKey, errors.New("the token names no key and the issuer has several")
	}
	var err error
	for _, k := range fits {
		if err = alg.Verify(k.Public, signed, signature); err == nil {
			return "", nil
		}
	}
	return ReasonSignature, err
}

// judge looks at the claims of a token that the issuer did sign.
func (v *Verifier) judge(c claims.Claims, now time.Time) (Reason, error) {
	if err := c.Validate(now, v.want); err != nil {
		return reasonOf(err), err
	}
	if v.maxLifetime > 0 {
		if c.IssuedAt.IsZero() {
			return ReasonClaim, &claims.ValidationError{Claim: "iat", Want: "the time of issue, to hold the lifetime against " + v.maxLifetime.String()}
		}
		if life := c.Expiry.Sub(c.IssuedAt); life > v.maxLifetime {
			return ReasonClaim, &claims.ValidationError{Claim: "exp", Got: "a lifetime of " + life.String(), Want: "at most " + v.maxLifetime.String()}
		}
	}
	// Policies, such as those of AWS, look at sub, programs look at the claim, and Validate takes sub for a claim that is absent. A
	// token that has an organization for the one and none for the other is refused as one that has two.
	if c.OrganizationID == "" {
		// The first pair has the name of the claim: org in V2, organization_id in V3.
		if claim, _, ok := strings.Cut(c.Subject, ":"); ok && (claim == "org" || claim == "organization_id") {
			return ReasonClaim, &claims.ValidationError{Claim: claim, Want: "the organization of sub, " + claims.RedactSubject(c.Subject)}
		}
	}
	return "", nil
}

// reasonOf names the findings of claims.Validate by one reason. That of a time is the reason only if nothing else is wrong: it would
// tell that another token, or this one later, is accepted.
func reasonOf(err error) Reason {
	findings := []error{err}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		findings = joined.Unwrap()
	}
	reason := ReasonNotYetValid
	for _, f := range findings {
		switch {
		case errors.Is(f, claims.ErrExpired):
			reason = ReasonExpired
		case !errors.Is(f, claims.ErrNotYetValid):
			return ReasonClaim
		}
	}
	return reason
}
