package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed/oidccheck"
	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/idp/issuer"
)

const (
	// maxSkew is the difference of two clocks that is a problem. Tokens live for an hour, and STS
	// allows 5 minutes.
	maxSkew = time.Minute

	issuerTimeout = 30 * time.Second
	clockTimeout  = 10 * time.Second
)

// issuer checks discovery, keys and signature, and reports whether the issuer can be reached.
func (e *examination) issuer(ctx context.Context) (reached bool) {
	ctx, cancel := context.WithTimeout(ctx, issuerTimeout)
	defer cancel()
	url := e.command.Issuer
	meta, err := e.command.at().Discover(ctx)
	if err != nil {
		e.problem("issuer", err.Error(), "check that "+url+"/.well-known/openid-configuration can be reached from here (proxy, firewall, certificates), or name another issuer with --issuer, or the address of onafed dev with --issuer-at")
		e.skipped("signature", "there are no keys to check it with")
		return false
	}
	e.ok("issuer", "%s, keys at %s", meta.Issuer, meta.JWKSURI)
	if e.token == nil {
		e.skipped("signature", "there is no token")
		return true
	}
	opts := issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true}
	if err := e.command.at().Verify(ctx, e.token, opts); err != nil {
		e.problem("signature", err.Error(), "get a token from "+url+", or name its issuer with --issuer")
		return true
	}
	e.ok("signature", "%s by key %+q", e.token.Header().Algorithm, e.token.Header().KeyID)
	return true
}

// clocks compares the clock of this machine with those of the issuer and of STS.
func (e *examination) clocks(ctx context.Context) {
	ahead, err := e.issuerClock(ctx)
	if err != nil {
		e.note("clock", "it cannot be compared with the issuer's: %v", err)
	} else {
		e.clock("the issuer's", ahead)
	}
	switch ahead, ok := e.assumed.skew(); {
	case ok:
		e.clock("STS's", ahead)
	case e.command.RoleARN != "" && e.command.File == "":
		e.note("clock", "it cannot be compared with STS's")
	}
}

// issuerClock returns how far the issuer's clock is ahead, by the Date header of an answer.
func (e *examination) issuerClock(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, strings.TrimSuffix(e.command.Issuer, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return 0, err
	}
	resp, err := e.command.at().Client().Do(req)
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
	if ahead.Abs() <= maxSkew {
		e.ok("clock", "within %s of %s", maxSkew, whose)
		return
	}
	order := "ahead of"
	if ahead < 0 {
		order = "behind"
	}
	e.problem("clock", fmt.Sprintf("%s clock is %s %s this machine's", whose, ahead.Abs().Round(time.Second), order),
		"set the clock of this machine (NTP): tokens and signatures are checked against it")
}

// fitForAWS checks whether AWS can use the issuer and the token. Its findings about the audience
// are left to tokenAudience.
func (e *examination) fitForAWS(ctx context.Context, reached bool) {
	const name = "fit for AWS"
	if !reached {
		e.skipped(name, "the issuer cannot be reached from here")
		return
	}
	if e.command.IssuerAt != "" {
		e.skipped(name, "the issuer is on this host, where AWS cannot reach it")
		return
	}
	raw, checked := "", "issuer and keys"
	if e.token != nil {
		raw, checked = e.token.Raw(), "issuer, keys and token"
	}
	ctx, cancel := context.WithTimeout(ctx, issuerTimeout)
	defer cancel()
	findings, err := oidccheck.Check(ctx, e.command.Issuer, raw, &oidccheck.Options{Audience: e.audience()})
	if err != nil {
		e.skipped(name, err.Error())
		return
	}
	reported := 0
	for _, f := range findings {
		if strings.HasPrefix(f.ID, "token-aud-") {
			continue
		}
		reported++
		if f.Severity == lint.Error {
			e.problem(name, f.Message, f.Fix)
		} else {
			e.note(name, "%s %s", f.Message, f.Fix)
		}
	}
	if reported == 0 {
		e.ok(name, "%s", checked)
	}
}
