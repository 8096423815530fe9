package doctor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/cmd/onafed/internal/flags"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
)

const tokenTimeout = 30 * time.Second

// tokenSource reports which source was chosen and which were ignored, and gets a token.
func (e *examination) tokenSource(ctx context.Context, t *terminal.Terminal) {
	src, err := e.command.Source(e.audience(), t.Logger(false))
	if err != nil {
		e.problem("token source", flags.Error(err), "run this in an Ona environment, or name the source: --token-file, --token-env, --token-command, --api-token-file, --api-token-env")
		return
	}
	name := source.Name(src)
	e.ok("token source", "%s", name)
	if ignored := ignoredSources(name); len(ignored) > 0 {
		e.note("token source", "set and ignored: %s", strings.Join(ignored, ", "))
	}
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	if e.token, err = src.Token(ctx); err != nil {
		e.problem("token", flags.Error(err), "correct the source, or name another one with --token-file, --token-env or --token-command")
	}
}

// ignoredSources returns the sources of idp.FromEnvironment that are set and were not chosen.
func ignoredSources(chosen string) (names []string) {
	if _, err := os.Stat(idp.DefaultSecretsFile); err == nil && !strings.Contains(chosen, idp.DefaultSecretsFile) {
		names = append(names, idp.DefaultSecretsFile)
	}
	for _, v := range idp.EnvironmentVariables() {
		if (v.Secret || v.File) && os.Getenv(v.Name) != "" && !strings.Contains(chosen, v.Name) {
			names = append(names, v.Name)
		}
	}
	return names
}

// tokenContent reports the version, the principal and the lifetime of the token.
func (e *examination) tokenContent() {
	if e.token == nil {
		e.skipped("token", "there is no token")
		return
	}
	c := e.token.Claims()
	id, err := c.Identity()
	if err != nil {
		e.note("token", "%s, subject %s: Ona does not document this form of subject. Trust policies can still match it, because they compare text", c.Version(), claims.RedactSubject(c.Subject))
		return
	}
	e.ok("token", "%s token of %s, valid for %s", c.Version(), id, time.Until(c.Expiry).Round(time.Second))
}

// tokenAudience compares the audience of the token with the expected one.
func (e *examination) tokenAudience() {
	if e.token == nil {
		e.skipped("audience", "there is no token")
		return
	}
	got, want := e.token.Claims().Audience, e.audience()
	if azp := e.token.Claims().AuthorizedParty; azp != "" {
		got = []string{azp} // AWS compares azp instead
	}
	switch {
	case !slices.Contains(got, want):
		e.problem("audience", fmt.Sprintf("the token is for %+q, and %+q is expected", got, want),
			"get a token for "+want+", or register the token's audience with the identity provider in IAM and name it with --audience")
	case len(got) > 1:
		e.problem("audience", fmt.Sprintf("the token is for %d audiences", len(got)), "get a token for "+want+" alone: AWS does not document that it accepts several")
	default:
		e.ok("audience", "%s", want)
	}
}
