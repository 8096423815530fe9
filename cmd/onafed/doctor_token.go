package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
)

func (e *examination) audience() string { return e.flags().audience() }

// flags are those of a command that assumes the role.
func (e *examination) flags() *awsFlags {
	return &awsFlags{RoleARN: e.command.RoleARN, Audience: e.command.Audience, Region: e.command.Region}
}

// tokenSource says which source was chosen, what was passed over, and gets a token.
func (e *examination) tokenSource(ctx context.Context, t *terminal) {
	src, err := e.command.source(e.audience(), logger(t, false))
	if err != nil {
		e.problem("token source", inFlags(err), "run this in an Ona environment, or say where the token is: --token-file, --token-env, --token-command, --api-token-file, --api-token-env")
		return
	}
	name := sourceName(src)
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
		e.note("token", "%s, subject %s: not one that Ona documents. Trust policies match subjects letter by letter all the same", c.Version(), claims.RedactSubject(c.Subject))
	} else {
		e.ok("token", "%s token of %s, valid for %s", c.Version(), id, time.Until(c.Expiry).Round(time.Second))
	}
}

// tokenAudience compares the audience with the one that is expected.
func (e *examination) tokenAudience() {
	if e.token == nil {
		e.skipped("audience", "there is no token")
		return
	}
	seen, want := e.token.Claims().Audience, e.audience()
	if azp := e.token.Claims().AuthorizedParty; azp != "" {
		seen = []string{azp} // AWS looks at it instead
	}
	switch {
	case !slices.Contains(seen, want):
		e.problem("audience", fmt.Sprintf("the token is for %+q, and %+q is expected", seen, want),
			"ask the source for "+want+", or register the token's audience with the identity provider in IAM and name it with --audience")
	case len(seen) > 1:
		e.problem("audience", fmt.Sprintf("the token is for %d audiences", len(seen)), "ask for a token for "+want+" alone: AWS does not say that it takes several")
	default:
		e.ok("audience", "%s", want)
	}
}
