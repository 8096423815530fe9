package issuer

import (
	"cmp"
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
	// maxLeeway is the largest leeway of a Verifier, and how long after exp STS accepts a token. A
	// KeyRing publishes a key for this time after the last exp.
	maxLeeway = 5 * time.Minute
)

// A Verifier verifies the tokens of one issuer. It is safe for concurrent use if its key set is.
// The zero value is not usable; call [NewVerifier].
type Verifier struct {
	keys        KeySet
	algs        map[string]jose.Algorithm
	expected    claims.Expected
	maxLifetime time.Duration
	logger      *slog.Logger
}

// NewVerifier returns a verifier for tokens whose iss equals issuer byte for byte and that are
// signed with a key of the key set. Nil options are an error, because the audience is required, see
// [VerifierOptions]. The error is an *[OptionError].
func NewVerifier(issuer string, keys KeySet, opts *VerifierOptions) (*Verifier, error) {
	if opts == nil {
		return nil, optionErrorf("NewVerifier", "opts", "must not be nil: Audiences is required")
	}
	o := *opts
	if err := o.check(issuer, keys); err != nil {
		return nil, err
	}
	if len(o.Algorithms) == 0 {
		o.Algorithms = []string{"RS256"}
	}
	v := &Verifier{
		keys: keys, algs: make(map[string]jose.Algorithm, len(o.Algorithms)), maxLifetime: o.MaxLifetime,
		logger: cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
		expected: claims.Expected{
			Issuer: issuer, Audiences: slices.Clone(o.Audiences), Organizations: slices.Clone(o.Organizations),
			Projects: slices.Clone(o.Projects), Environments: slices.Clone(o.Environments), Leeway: max(cmp.Or(o.Leeway, defaultLeeway), 0),
		},
	}
	for _, name := range o.Algorithms {
		alg, ok := jose.Lookup(name)
		if !ok {
			return nil, optionErrorf("NewVerifier", "Algorithms", "%s is not one of %v", quote.Text(name, maxShown), jose.Names())
		}
		v.algs[name] = alg
	}
	return v, nil
}

// Verify verifies a token and returns its claims: it checks the form, the algorithm, the signature
// by a key of the issuer, iss, aud, exp, nbf, iat, the organization, the project and the environment.
// Nothing in the token determines where a key comes from: jwk, jku, x5c and x5u in the header are
// ignored.
//
// The error is a *[VerifyError], or ctx.Err() if ctx ended while keys were fetched.
func (v *Verifier) Verify(ctx context.Context, raw string) (claims.Claims, error) {
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
		if _, notFound := errors.AsType[*KeyNotFoundError](err); notFound {
			return refuse(ReasonKey, err)
		}
		if ctx.Err() != nil {
			return claims.Claims{}, ctx.Err()
		}
		return refuse(ReasonKeysUnavailable, err)
	}
	if reason, err := verifySignature(keys, h, alg, []byte(parts.Signed), signature); err != nil {
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
	if reason, err := v.checkClaims(c, time.Now()); err != nil {
		return refuse(reason, err)
	}
	return c, nil
}

func refuse(reason Reason, err error) (claims.Claims, error) {
	return claims.Claims{}, &VerifyError{Reason: reason, Err: err}
}

// checkHeader refuses headers that change the meaning of a token. claims.ParseHeader has refused
// crit.
func checkHeader(h claims.Header) error {
	if _, ok := h.Extra["b64"]; ok { // RFC 7797: the payload may not be encoded
		return errors.New("b64 is not supported")
	}
	// RFC 8725 section 3.11: another kind of token by the same issuer, such as a logout token or a
	// DPoP proof, is not an ID token.
	if typ := strings.ToLower(h.Type); typ != "" && typ != "jwt" && typ != "application/jwt" {
		return fmt.Errorf("typ %s is not that of an ID token", quote.Text(h.Type, maxShown))
	}
	return nil
}

// verifySignature verifies a signature with the keys that fit the header. A token without a kid is
// accepted only if one key fits: OpenID Connect Core 1.0 section 10.1 requires a kid if there are
// several keys, and each attempt takes the time of a verification.
func verifySignature(keys []Key, h claims.Header, alg jose.Algorithm, signed, signature []byte) (Reason, error) {
	fits := slices.DeleteFunc(slices.Clone(keys), func(k Key) bool {
		return k.Use != "" && k.Use != "sig" || k.Algorithm != "" && k.Algorithm != h.Algorithm || alg.Fits(k.Public) != nil
	})
	switch {
	case len(fits) == 0:
		return ReasonKey, fmt.Errorf("key %s is not a key for %s", quote.Text(h.KeyID, maxShown), h.Algorithm)
	case len(fits) > 1 && h.KeyID == "":
		return ReasonKey, errors.New("the token has no kid and the issuer has several keys")
	}
	var err error
	for _, k := range fits {
		if err = alg.Verify(k.Public, signed, signature); err == nil {
			return "", nil
		}
	}
	return ReasonSignature, err
}

// checkClaims checks the claims of a token whose signature is verified.
func (v *Verifier) checkClaims(c claims.Claims, now time.Time) (Reason, error) {
	if err := c.Validate(now, v.expected); err != nil {
		return reasonFor(err), err
	}
	if v.maxLifetime > 0 {
		if c.IssuedAt.IsZero() {
			return ReasonClaim, &claims.ValidationError{Claim: "iat", Want: "the time of issue, to check the lifetime against " + v.maxLifetime.String()}
		}
		if life := c.Expiry.Sub(c.IssuedAt); life > v.maxLifetime {
			return ReasonClaim, &claims.ValidationError{Claim: "exp", Got: "a lifetime of " + life.String(), Want: "at most " + v.maxLifetime.String()}
		}
	}
	if v.readsSubject() && c.OrganizationID == "" {
		// Trust policies read the organization from sub, and programs from the claim. Validate uses
		// sub if the claim is absent. A token with an organization only in sub is refused, as is one
		// with two different organizations. The first key of sub is also the name of the claim: org
		// in V2, organization_id in V3.
		if claim, _, ok := strings.Cut(c.Subject, ":"); ok && (claim == "org" || claim == "organization_id") {
			return ReasonClaim, &claims.ValidationError{Claim: claim, Want: "the organization of sub, " + claims.RedactSubject(c.Subject)}
		}
	}
	return "", nil
}

// readsSubject reports whether sub has the meaning that Ona gives it: the issuer is Ona's, or the
// options name something of Ona. The sub of another issuer may begin like a subject of Ona by
// chance.
func (v *Verifier) readsSubject() bool {
	e := &v.expected
	return e.Issuer == idp.Issuer || len(e.Organizations)+len(e.Projects)+len(e.Environments) > 0
}

// reasonFor returns the Reason for an error of claims.Validate. A time is the Reason only if
// nothing else is wrong: the caller may then expect that a new token, or the same token later, is
// accepted.
func reasonFor(err error) Reason {
	errs := []error{err}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		errs = joined.Unwrap()
	}
	reason := ReasonNotYetValid
	for _, e := range errs {
		switch {
		case errors.Is(e, claims.ErrExpired):
			reason = ReasonExpired
		case !errors.Is(e, claims.ErrNotYetValid):
			return ReasonClaim
		}
	}
	return reason
}
