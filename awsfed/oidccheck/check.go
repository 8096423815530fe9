package oidccheck

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/jose"
)

const (
	// stsTimeout is the time after which STS is reported to give up on an issuer's documents.
	stsTimeout = 5 * time.Second
	// slowAfter is the time after which a slow document is a warning: STS may need more time than
	// this machine.
	slowAfter = 2 * time.Second
	// expiryGrace is the time after exp for which STS accepts a token.
	expiryGrace = 5 * time.Minute
	// clockTolerance is how far iat and nbf may be in the future.
	clockTolerance = 30 * time.Second

	maxSub      = 255 // bytes: OpenID Connect Core, and SubjectFromWebIdentityToken of the STS API
	maxAudience = 255 // bytes: the longest client ID of an IAM identity provider

	maxURL   = 200 // bytes of a URL in a message
	maxShown = 80  // bytes of other untrusted text in a message
)

// A Finding is a reason why AWS STS may refuse an issuer or its tokens. Its JSON is an object with
// all four members. Released members keep their names and meanings; new ones may be added.
type Finding struct {
	// ID is stable, such as "issuer-port".
	ID string `json:"id"`
	// Severity is lint.Error if AWS documents that it refuses the issuer or token, and lint.Warning
	// if AWS may refuse it.
	Severity lint.Severity `json:"severity"`
	// Message is what was found.
	Message string `json:"message"`
	// Fix is what to do.
	Fix string `json:"fix"`
}

// String returns the finding on one line: "error issuer-port: <message> Fix: <fix>".
func (f Finding) String() string {
	return string(f.Severity) + " " + f.ID + ": " + f.Message + " Fix: " + f.Fix
}

// Options are the options of [Check]. The zero value can be used.
type Options struct {
	// HTTPClient sends the requests; nil means http.DefaultClient.
	HTTPClient *http.Client
	// InsecureLoopbackHTTP allows requests to an issuer such as http://127.0.0.1:8080. The findings
	// say nevertheless that AWS cannot use it.
	InsecureLoopbackHTTP bool
	// Audience is the expected audience of the token; "" means [idp.AudienceAWS].
	Audience string
}

// Check fetches the documents of an issuer as STS does, checks them and a token of the issuer, and
// returns what it finds. Without findings the slice is empty, not nil. If rawToken is "", only the
// issuer is checked. Nil options mean the zero value.
//
// The error is that of ctx, if ctx ends. Findings never contain the token or personal data of its
// sub.
func Check(ctx context.Context, issuerURL, rawToken string, opts *Options) ([]Finding, error) {
	c := &checker{issuer: issuerURL, o: *cmp.Or(opts, &Options{}), findings: []Finding{}}
	c.o.Audience = cmp.Or(c.o.Audience, idp.AudienceAWS)
	c.url()
	meta := c.discovery(ctx)
	var keys []jose.Key
	if meta != nil {
		keys = c.keys(ctx, meta)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if rawToken != "" {
		c.token(rawToken, meta, keys)
	}
	return c.findings, nil
}

// A checker collects the findings of one call of Check.
type checker struct {
	issuer   string
	o        Options
	findings []Finding
}

func (c *checker) fail(id, message, fix string) {
	c.findings = append(c.findings, Finding{id, lint.Error, message, fix})
}

func (c *checker) warn(id, message, fix string) {
	c.findings = append(c.findings, Finding{id, lint.Warning, message, fix})
}
