package idp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/quote"
)

// DefaultSecretsFile is the file in which an Ona environment keeps its own API token. With it the
// environment acts as itself and not as its user. On Windows, where the path has no drive,
// [FromEnvironment] skips it.
const DefaultSecretsFile = "/usr/local/gitpod/secrets/token"

// Environment variables that [FromEnvironment] reads.
const (
	envOnaAPIKey     = "ONA_API_KEY"    // the vendor's SDKs from version 1
	envGitpodAPIKey  = "GITPOD_API_KEY" // the vendor's SDKs before
	envOnaToken      = "ONA_TOKEN"      // the vendor's command line and Terraform provider
	envOnaBaseURL    = "ONA_BASE_URL"
	envGitpodBaseURL = "GITPOD_BASE_URL"
	envOnaHost       = "ONA_HOST"
	envTokenFile     = "AWS_WEB_IDENTITY_TOKEN_FILE" // all AWS SDKs
	envEnvironmentID = "GITPOD_ENVIRONMENT_ID"       // set in every Ona environment
)

// EnvironmentOptions are the options of [FromEnvironment]. Nil means the zero value.
type EnvironmentOptions struct {
	// AllowExec allows FromEnvironment to run the command "ona" or "gitpod" if it finds nothing else.
	AllowExec bool
	// BaseURL is the URL of the Ona API for all API tokens, including that of the secrets file. ""
	// means the URL in the environment variable that belongs to the API token, or [DefaultBaseURL]
	// if no such variable is set.
	BaseURL string
	// Version is the token version to request from the API; "" means [VersionV2].
	Version TokenVersion
	// SecretsFile is the file with the API token of the environment; "" means [DefaultSecretsFile].
	SecretsFile string
	// HTTPClient sends the requests to the API; nil means http.DefaultClient.
	HTTPClient *http.Client
	// InsecureLoopbackHTTP is described at [ClientOptions].
	InsecureLoopbackHTTP bool
	// Logger gets the selected source at level Debug, and a warning if an Ona environment uses the
	// API token of its user. Nil means no logs.
	Logger *slog.Logger
}

// FromEnvironment returns a source of ID tokens for the audience. It looks for these sources in this
// order and uses the first that exists:
//
//  1. The secrets file of an Ona environment, [DefaultSecretsFile], with the environment's own API
//     token. The token is sent only to [DefaultBaseURL], or to BaseURL of the options; the variables
//     below do not apply.
//  2. The variable ONA_API_KEY, an API token for ONA_BASE_URL.
//  3. The variable GITPOD_API_KEY, an API token for GITPOD_BASE_URL or ONA_BASE_URL.
//  4. The variable ONA_TOKEN, an API token (usually a personal one) for the API at ONA_HOST.
//  5. The variable AWS_WEB_IDENTITY_TOKEN_FILE, which names a file with an ID token, if that token is
//     from [Issuer] and for the audience. The file in a Kubernetes pod belongs to another identity
//     and is skipped.
//  6. With AllowExec, the command "ona" or "gitpod" in an absolute directory of PATH. A file that is
//     this program itself is skipped, and a program that was started this way runs no command.
//
// The choice is made once, and the method Source() string of the result returns it. The source reads
// its secret again for each token, because an environment that was resumed has a new one. If the
// chosen source fails later, its error is returned: another source would be another identity. A
// source that exists but cannot be read is an error at once.
//
// A token without the audience is an error. If the program runs in an Ona environment and gets a
// token of a user, Logger gets a warning, because a role that trusts the environment refuses it.
//
// The source sends a request for each token; wrap it in [Cached] unless the caller keeps tokens.
// The error is an [*EnvironmentError] if nothing was found, an [*OptionError] for the audience or
// an option, or a [*SourceError].
func FromEnvironment(audience string, opts *EnvironmentOptions) (TokenSource, error) {
	if err := checkAudiences(functionFromEnvironment, audience); err != nil {
		return nil, err
	}
	e := &environment{EnvironmentOptions: *cmp.Or(opts, &EnvironmentOptions{}), audience: audience, check: checkAudience}
	e.SecretsFile = cmp.Or(e.SecretsFile, DefaultSecretsFile)
	e.Logger = cmp.Or(e.Logger, slog.New(slog.DiscardHandler))
	// The options are checked with any API token, so that a wrong one does not depend on the
	// source.
	if _, err := e.client(BearerEnv(""), ""); err != nil {
		return nil, err
	}
	var skipped []SkippedSource
	for _, find := range []func() (TokenSource, SkippedSource, error){
		e.secretsFile,
		func() (TokenSource, SkippedSource, error) { return e.apiKey(envOnaAPIKey, envOnaBaseURL) },
		func() (TokenSource, SkippedSource, error) {
			return e.apiKey(envGitpodAPIKey, envGitpodBaseURL, envOnaBaseURL)
		},
		func() (TokenSource, SkippedSource, error) { return e.apiKey(envOnaToken, envOnaHost) },
		e.tokenFile,
		e.command,
	} {
		src, skip, err := find()
		if err != nil {
			return nil, fail(skip.Name, err)
		}
		if src != nil {
			e.Logger.Debug("idp: chose a token source", "source", skip.Name, "audience", audience)
			return &environmentSource{TokenSource: src, environment: e, name: skip.Name}, nil
		}
		skipped = append(skipped, skip)
	}
	return nil, &EnvironmentError{Audience: audience, Skipped: skipped}
}

const functionFromEnvironment = "FromEnvironment"

// A SkippedSource is a source that [FromEnvironment] did not use.
type SkippedSource struct {
	Name   string // such as "ONA_API_KEY"
	Reason string // such as "not set"
	Option string // the option that allows the source, "AllowExec", or ""
}

// An EnvironmentError reports that [FromEnvironment] found no token source.
type EnvironmentError struct {
	Audience string
	Skipped  []SkippedSource // in the order of the search
}

// Error returns all sources and why they were skipped.
func (e *EnvironmentError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "idp: found no source of ID tokens for %s", shown(e.Audience))
	for i, s := range e.Skipped {
		b.WriteString([]string{": ", "; "}[min(i, 1)])
		b.WriteString(s.Name + ": " + s.Reason)
		if s.Option != "" {
			b.WriteString(" (" + s.Option + ")")
		}
	}
	return b.String()
}

// environment is one search. Each of its methods looks for one source. It returns the source, or
// the reason why it is skipped, and the name in both cases.
type environment struct {
	EnvironmentOptions
	audience string
	check    func(t *Token, audience string) error // checks each token of the source
}

func (e *environment) secretsFile() (TokenSource, SkippedSource, error) {
	skip := SkippedSource{Name: "secrets file " + quote.Path(e.SecretsFile)}
	switch _, err := os.Stat(e.SecretsFile); {
	case e.SecretsFile == DefaultSecretsFile && !filepath.IsAbs(e.SecretsFile):
		// On Windows the path names a file on the current drive, which anybody may have put there.
		skip.Reason = "not on this system"
		return nil, skip, nil
	case errors.Is(err, fs.ErrNotExist):
		skip.Reason = "does not exist"
		return nil, skip, nil
	case err != nil:
		return nil, skip, fmt.Errorf("cannot be read: %w", withoutPath(err))
	}
	src, err := e.client(BearerFile(e.SecretsFile), "")
	return src, skip, err
}

// apiKey looks for an API token in the variable key, and for its API in the first variable of bases
// that is set.
func (e *environment) apiKey(key string, bases ...string) (TokenSource, SkippedSource, error) {
	skip := SkippedSource{Name: key}
	if lookupEnv(key) == "" {
		skip.Reason = "not set"
		return nil, skip, nil
	}
	base := ""
	for _, name := range bases {
		if v := lookupEnv(name); e.BaseURL == "" && base == "" && v != "" {
			base = v
			if name == envOnaHost {
				base = hostURL(v)
			}
			skip.Name = key + " at " + name
		}
	}
	src, err := e.client(BearerEnv(key), base)
	return src, skip, err
}

// hostURL returns the URL of the API on a host that ONA_HOST names, with or without scheme and path.
func hostURL(host string) string {
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	return strings.TrimSuffix(strings.TrimRight(host, "/"), "/api") + "/api"
}

// client returns a source for the API. base is the value of a variable, or "" for the BaseURL of the
// options.
func (e *environment) client(bearer func(context.Context) (string, error), base string) (TokenSource, error) {
	o := &ClientOptions{
		Bearer: bearer, BaseURL: base, Version: e.Version, HTTPClient: e.HTTPClient,
		InsecureLoopbackHTTP: e.InsecureLoopbackHTTP, Logger: e.Logger,
	}
	if base == "" {
		o.BaseURL = e.BaseURL
	}
	c, err := NewClient(o)
	if err == nil {
		return c.Source(e.audience), nil
	}
	if refused, ok := errors.AsType[*OptionError](err); ok {
		if refused.Option == "BaseURL" && base != "" {
			return nil, refused.Err // the name of the source names the variable
		}
		err = &OptionError{Func: functionFromEnvironment, Option: refused.Option, Err: refused.Err}
	}
	return nil, err
}

func (e *environment) tokenFile() (TokenSource, SkippedSource, error) {
	skip := SkippedSource{Name: envTokenFile}
	path := lookupEnv(envTokenFile)
	if path == "" {
		skip.Reason = "not set"
		return nil, skip, nil
	}
	skip.Name += " " + quote.Path(path)
	t, err := readToken(path)
	if err == nil {
		err = checkOnaToken(t, e.audience)
	}
	// Only errors of the operating system have a method Timeout here.
	_, isSystem := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	if isSystem && !errors.Is(err, fs.ErrNotExist) {
		// The file may contain an Ona token, and the next source is another identity.
		return nil, skip, fmt.Errorf("cannot be read: %w", err)
	}
	if err != nil {
		skip.Reason = unprefixed{err}.Error()
		return nil, skip, nil //nolint:nilerr // a skipped source is not a failure
	}
	// An expired Ona token also selects the file: the error then shows that no program renews it.
	e.check = checkOnaToken
	return File(path), skip, nil
}

// checkOnaToken returns an error unless t has Ona's issuer and the audience. It does not verify t.
func checkOnaToken(t *Token, audience string) error {
	if iss := t.data().claims.Issuer; iss != Issuer {
		return &claims.ValidationError{Claim: "iss", Got: iss, Want: shown(Issuer)}
	}
	return checkAudience(t, audience)
}

// An environmentSource is the result of FromEnvironment.
type environmentSource struct {
	TokenSource
	*environment
	name   string
	warned atomic.Bool
}

// Source returns the name of the chosen source.
func (s *environmentSource) Source() string { return s.name }

// Token calls the chosen source and checks its token.
func (s *environmentSource) Token(ctx context.Context) (*Token, error) {
	t, err := s.TokenSource.Token(ctx)
	if err == nil {
		err = s.check(t, s.audience)
	}
	if err != nil {
		return nil, fail(s.name, err)
	}
	if lookupEnv(envEnvironmentID) != "" && isUserToken(t) && s.warned.CompareAndSwap(false, true) {
		s.Logger.WarnContext(ctx, "idp: this Ona environment uses a personal API token, so it acts as its user: "+
			"a role that trusts the environment or its project refuses the ID token", "source", s.name)
	}
	return t, nil
}

func isUserToken(t *Token) bool {
	id, err := t.data().claims.Identity()
	return err == nil && id.Kind() == claims.KindUser
}
