package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed/oidccheck"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/idp/issuer"
)

// skewLimit is where a wrong clock begins to be told: tokens live an hour and STS allows 5 minutes.
const skewLimit = time.Minute

// issuer checks discovery, keys and signature, and reports whether the issuer could be reached.
func (e *examination) issuer(ctx context.Context) (reached bool) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	meta, err := issuer.Discover(ctx, e.command.Issuer, nil)
	if err != nil {
		e.problem("issuer", err.Error(), "see that "+e.command.Issuer+"/.well-known/openid-configuration can be reached from here (proxy, firewall, certificates), or name another issuer with --issuer")
		e.skipped("signature", "there are no keys to check it with")
		return false
	}
	e.ok("issuer", "%s, keys at %s", meta.Issuer, meta.JWKSURI)
	if e.token == nil {
		e.skipped("signature", "there is no token")
		return true
	}
	if err := e.verify(ctx); err != nil {
		e.problem("signature", err.Error(), "the token must come from "+e.command.Issuer+"; if it is meant to come from another issuer, name that one with --issuer")
		return true
	}
	e.ok("signature", "%s by key %+q", e.token.Header().Algorithm, e.token.Header().KeyID)
	return true
}

func (e *examination) verify(ctx context.Context) error {
	keys, err := issuer.NewIssuerKeySet(e.command.Issuer, nil)
	if err != nil {
		return err
	}
	v, err := issuer.NewVerifier(e.command.Issuer, keys, &issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true, Algorithms: algorithms(e.command.Issuer)})
	if err != nil {
		return err
	}
	_, err = v.Verify(ctx, e.token.Raw())
	return err
}

// clocks compares the clock with the issuer's and with STS's, by the Date of their answers.
func (e *examination) clocks(ctx context.Context) {
	ahead, err := e.issuerClock(ctx)
	if err != nil {
		e.note("clock", "could not be compared with the issuer's: %v", err)
	} else {
		e.clock("the issuer's", ahead)
	}
	switch ahead, ok := e.assumed.skew(); {
	case ok:
		e.clock("STS's", ahead)
	case e.command.RoleARN != "":
		e.note("clock", "could not be compared with STS's")
	}
}

func (e *examination) issuerClock(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, strings.TrimSuffix(e.command.Issuer, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	resp.Body.Close()
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0, errors.New("its answers have no date")
	}
	return time.Until(date), nil
}

func (e *examination) clock(whose string, ahead time.Duration) {
	if ahead.Abs() > skewLimit {
		order := "ahead of"
		if ahead < 0 {
			order = "behind"
		}
		e.problem("clock", fmt.Sprintf("%s clock is %s %s this machine's", whose, ahead.Abs().Round(time.Second), order),
			"set the clock of this machine (NTP): tokens and signatures are checked against it")
		return
	}
	e.ok("clock", "within %s of %s", skewLimit, whose)
}

// fitness asks whether AWS could use issuer and token at all. What it says of the audience is another check's.
func (e *examination) fitness(ctx context.Context, reached bool) {
	if !reached {
		e.skipped("fit for AWS", "the issuer cannot be reached from here")
		return
	}
	raw := ""
	if e.token != nil {
		raw = e.token.Raw()
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	findings, err := oidccheck.Check(ctx, e.command.Issuer, raw, &oidccheck.Options{Audience: e.audience()})
	if err != nil {
		e.skipped("fit for AWS", err.Error())
		return
	}
	told := 0
	for _, f := range findings {
		if strings.HasPrefix(f.ID, "token-aud-") {
			continue
		}
		told++
		if f.Severity == trust.SeverityError {
			e.problem("fit for AWS", f.Message, f.Fix)
		} else {
			e.note("fit for AWS", "%s %s", f.Message, f.Fix)
		}
	}
	switch {
	case told > 0:
	case raw == "":
		e.ok("fit for AWS", "issuer and keys")
	default:
		e.ok("fit for AWS", "issuer, keys and token")
	}
}
