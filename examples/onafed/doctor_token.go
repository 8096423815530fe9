package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// skewLimit is where a wrong clock begins to be told: tokens live an hour and STS allows 5 minutes.
const skewLimit = time.Minute

func (e *examination) audience() string {
	f := awsFlags{RoleARN: e.command.RoleARN, Audience: e.command.Audience}
	return f.audience()
}

// tokenSource says which source was chosen, what was passed over, and gets a token.
func (e *examination) tokenSource(ctx context.Context, t *terminal) {
	src, err := e.command.source(e.audience(), logger(t, false))
	if err != nil {
		e.problem("token source", err.Error(), "run this in an Ona environment, or say where the token is: --token-file, --token-env, --token-command, --api-token-file, --api-token-env")
		return
	}
	name := fmt.Sprintf("%T", src)
	if s, ok := src.(interface{ Source() string }); ok {
		name = s.Source()
	}
	e.ok("token source", "%s", name)
	if passed := passedOver(name); len(passed) > 0 {
		e.note("token source", "set and passed over: %s", strings.Join(passed, ", "))
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if e.token, err = src.Token(ctx); err != nil {
		e.problem("token", err.Error(), "mend the source, or name another one with --token-file, --token-env or --token-command")
	}
}

// passedOver lists the places of idp.FromEnvironment that hold something and were not chosen.
func passedOver(chosen string) (names []string) {
	if _, err := os.Stat(idp.DefaultSecretsFile); err == nil && !strings.Contains(chosen, idp.DefaultSecretsFile) {
		names = append(names, idp.DefaultSecretsFile)
	}
	for _, name := range []string{"ONA_API_KEY", "GITPOD_API_KEY", "ONA_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		if os.Getenv(name) != "" && !strings.Contains(chosen, name) {
			names = append(names, name)
		}
	}
	return names
}

// tokenContent says what kind of token it is, for whom, and how long.
func (e *examination) tokenContent() {
	if e.token == nil {
		e.skipped("token", "there is none")
		return
	}
	c := e.token.Claims()
	id, err := c.Identity()
	if err != nil {
		e.note("token", "%s, subject %s: not one that Ona documents", c.Version(), claims.RedactSubject(c.Subject))
	} else {
		e.ok("token", "%s token of %s, valid for %s", c.Version(), id, time.Until(c.Expiry).Round(time.Second))
	}
	want := e.audience()
	switch {
	case !slices.Contains(c.Audience, want):
		e.problem("audience", fmt.Sprintf("the token is for %q, and the role's identity provider expects %q", c.Audience, want),
			"ask the source for the audience "+want+", or register the token's audience with the identity provider in IAM and name it with --audience")
	case len(c.Audience) > 1:
		e.problem("audience", fmt.Sprintf("the token is for %d audiences", len(c.Audience)), "ask for a token for "+want+" alone: STS refuses several")
	default:
		e.ok("audience", "%s", want)
	}
}

// issuer checks discovery, keys, signature, and the clock against the issuer's.
func (e *examination) issuer(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	meta, err := issuer.Discover(ctx, e.command.Issuer, nil)
	if err != nil {
		e.problem("issuer", err.Error(), "see that "+e.command.Issuer+"/.well-known/openid-configuration can be reached from here (proxy, firewall, certificates), or name another issuer with --issuer")
		return
	}
	e.ok("issuer", "%s, keys at %s", meta.Issuer, meta.JWKSURI)
	e.issuerClock(ctx)
	if e.token == nil {
		return
	}
	keys, err := issuer.NewIssuerKeySet(e.command.Issuer, nil)
	if err == nil {
		var v *issuer.Verifier
		if v, err = issuer.NewVerifier(e.command.Issuer, keys, &issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true}); err == nil {
			_, err = v.Verify(ctx, e.token.Raw())
		}
	}
	if err != nil {
		e.problem("signature", err.Error(), "the token must come from "+e.command.Issuer+"; if it is meant to come from another issuer, name that one with --issuer")
		return
	}
	e.ok("signature", "%s by key %q", e.token.Header().Algorithm, e.token.Header().KeyID)
}

// issuerClock compares the clock with the Date header of the issuer.
func (e *examination) issuerClock(ctx context.Context) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, strings.TrimSuffix(e.command.Issuer, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		e.note("clock", "could not be compared with the issuer's: %v", err)
		return
	}
	resp.Body.Close()
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		e.note("clock", "the issuer's answers have no date to compare with")
		return
	}
	e.clock("the issuer's", time.Until(date))
}

func (e *examination) clock(whose string, ahead time.Duration) {
	if ahead.Abs() > skewLimit {
		e.problem("clock", fmt.Sprintf("%s clock is %s ahead of this machine's", whose, ahead.Round(time.Second)), "set the clock of this machine (NTP): tokens and signatures are checked against it")
		return
	}
	e.ok("clock", "within %s of %s", skewLimit, whose)
}

// fitness asks whether AWS could use issuer and token at all.
func (e *examination) fitness(ctx context.Context) {
	raw := ""
	if e.token != nil {
		raw = e.token.Raw()
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	findings, err := issuer.CheckAWS(ctx, e.command.Issuer, raw, &issuer.CheckAWSOptions{Audience: e.audience()})
	if err != nil {
		e.skipped("fit for AWS", err.Error())
		return
	}
	for _, f := range findings {
		if f.Severity == issuer.SeverityError {
			e.problem("fit for AWS", f.Message, f.Fix)
		} else {
			e.note("fit for AWS", "%s. %s", f.Message, f.Fix)
		}
	}
	if len(findings) == 0 {
		e.ok("fit for AWS", "issuer, keys and token")
	}
}
