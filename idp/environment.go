package idp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/quote"
)

// DefaultSecretsFile is where an Ona environment keeps its own API token, with which it is itself and not its user.
const DefaultSecretsFile = "/usr/local/gitpod/secrets/token"

// Environment variables that [FromEnvironment] reads.
const (
	envOnaAPIKey     = "ONA_API_KEY"    // the vendor's SDKs from version 1
	envGitpodAPIKey  = "GITPOD_API_KEY" // the vendor's SDKs before
	envOnaToken      = "ONA_TOKEN"      // the vendor's command line and Terraform provider
	envOnaBaseURL    = "ONA_BASE_URL"
	envGitpodBaseURL = "GITPOD_BASE_URL"
	envOnaHost       = "ONA_HOST"
	envTokenFile     = "AWS_WEB_IDENTITY_TOKEN_FILE" // every AWS SDK
	envEnvironmentID = "GITPOD_ENVIRONMENT_ID"       // set in every Ona environment
)

// EnvironmentOptions are the options of [FromEnvironment]. Nil means the zero value.
type EnvironmentOptions struct {
	// AllowExec lets the command "ona" or "gitpod" be run when nothing else is found.
	AllowExec bool
	// BaseURL is where the Ona API answers. It applies to every API token, that of the environment's secrets file too, because it is
	// named in code. "" means what the environment variables of an API token say, and [DefaultBaseURL] without them.
	BaseURL string
	// Version is the form of token to ask the API for; "" means [VersionV2].
	Version TokenVersion
	// SecretsFile is the file with the environment's API token; "" means [DefaultSecretsFile].
	SecretsFile string
	// HTTPClient sends the requests to the API; nil means http.DefaultClient.
	HTTPClient *http.Client
	// InsecureLoopbackHTTP is as in [ClientOptions].
	InsecureLoopbackHTTP bool
	// Logger gets the choice at level Debug, and at level Warn that an Ona environment acts as its user; nil means silence.
	Logger *slog.Logger
}

// FromEnvironment returns a source of ID tokens for the audience from what it finds where the program runs. It looks at these places in
// this order and takes the first that is there:
//
//  1. The secrets file of an Ona environment, [DefaultSecretsFile], which holds the environment's own API token. That goes to
//     [DefaultBaseURL] or to the BaseURL of the options and nowhere else, whatever the variables below say.
//  2. The variable ONA_API_KEY, an API token for ONA_BASE_URL.
//  3. The variable GITPOD_API_KEY, an API token for GITPOD_BASE_URL or else ONA_BASE_URL.
//  4. The variable ONA_TOKEN, an API token (commonly a personal one) for the API at ONA_HOST.
//  5. The variable AWS_WEB_IDENTITY_TOKEN_FILE, which names a file with an ID token; it counts only when the token in it is of
//     [Issuer] and for the audience. The one that Kubernetes puts there is another identity, and is passed by.
//  6. With AllowExec, the command "ona", or else "gitpod", in a directory of PATH that is absolute. A file that is this
//     program itself is passed by, and a program that was run this way does not run another.
//
// The choice is made here, once, and the source's method Source() string tells it. The secret is read again for each token: an
// environment that was stopped and resumed has a new one. A chosen place that fails later is an error and never a reason to
// use the next, which would be another identity. A place that is there but cannot be looked at is an error at once.
//
// A token without the audience is an error. When the program runs in an Ona environment and gets a token of a user, because the API
// token is a personal one, the Logger is warned: the trust policy of a role that lets the environment in will not let it in.
//
// The source asks for each token; wrap it in [Cached] unless what you hand it to caches. When nothing is found the error is
// an [*EnvironmentError], which lists what was looked at.
func FromEnvironment(audience string, opts *EnvironmentOptions) (TokenSource, error) {
	if err := checkAudienceName(audience); err != nil {
		return nil, err
	}
	e := environment{audience: audience}
	if opts != nil {
		e.EnvironmentOptions = *opts
	}
	if e.SecretsFile == "" {
		e.SecretsFile = DefaultSecretsFile
	}
	if e.Logger == nil {
		e.Logger = slog.New(slog.DiscardHandler)
	}
	var looked []Place
	for _, look := range []func() (TokenSource, Place, error){
		e.secretsFile,
		func() (TokenSource, Place, error) { return e.apiKey(envOnaAPIKey, envOnaBaseURL) },
		func() (TokenSource, Place, error) { return e.apiKey(envGitpodAPIKey, envGitpodBaseURL, envOnaBaseURL) },
		func() (TokenSource, Place, error) { return e.apiKey(envOnaToken, envOnaHost) },
		e.tokenFile,
		e.command,
	} {
		src, place, err := look()
		if err != nil {
			return nil, fail(place.Name, err)
		}
		if src != nil {
			e.Logger.Debug("idp: chose where ID tokens come from", "source", place.Name, "audience", audience)
			return &environmentSource{TokenSource: src, name: place.Name, audience: audience, logger: e.Logger}, nil
		}
		looked = append(looked, place)
	}
	return nil, &EnvironmentError{Audience: audience, Looked: looked}
}

// A Place is somewhere that [FromEnvironment] looked at.
type Place struct {
	Name    string // such as "ONA_API_KEY"
	Finding string // why it was not used, such as "not set"
}

// An EnvironmentError says that [FromEnvironment] found nothing, and where it looked.
type EnvironmentError struct {
	Audience string
	Looked   []Place // in the order of preference
}

// Error implements error.
func (e *EnvironmentError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "idp: found nothing to get an ID token for %s from", quote.Text(e.Audience, nameText))
	for i, p := range e.Looked {
		b.WriteString([]string{": ", "; "}[min(i, 1)])
		b.WriteString(p.Name + ": " + p.Finding)
	}
	return b.String()
}

// environment is one run of FromEnvironment.
type environment struct {
	EnvironmentOptions
	audience string
}

func (e *environment) secretsFile() (TokenSource, Place, error) {
	place := Place{Name: "secrets file " + quote.Text(e.SecretsFile, nameText)}
	switch _, err := os.Stat(e.SecretsFile); {
	case errors.Is(err, fs.ErrNotExist):
		place.Finding = "does not exist"
		return nil, place, nil
	case err != nil:
		return nil, place, fmt.Errorf("cannot be looked at: %w", pathless(err))
	}
	src, err := e.client(BearerFile(e.SecretsFile), e.BaseURL)
	return src, place, err
}

// apiKey looks at the variable key, and at the first of the variables bases that is set.
func (e *environment) apiKey(key string, bases ...string) (TokenSource, Place, error) {
	place := Place{Name: key}
	if lookupEnv(key) == "" {
		place.Finding = "not set"
		return nil, place, nil
	}
	base := e.BaseURL
	for _, name := range bases {
		if v := lookupEnv(name); base == "" && v != "" {
			base = v
			if name == envOnaHost {
				base = hostURL(v)
			}
			place.Name = key + " at " + name
		}
	}
	src, err := e.client(BearerEnv(key), base)
	return src, place, err
}

// hostURL returns the API's URL on a host as ONA_HOST names it: "https://host", and also without the scheme or with the path.
func hostURL(host string) string {
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	return strings.TrimSuffix(strings.TrimRight(host, "/"), "/api") + "/api"
}

func (e *environment) client(bearer func(context.Context) (string, error), base string) (TokenSource, error) {
	c, err := NewClient(&ClientOptions{
		Bearer: bearer, BaseURL: base, Version: e.Version, HTTPClient: e.HTTPClient,
		InsecureLoopbackHTTP: e.InsecureLoopbackHTTP, Logger: e.Logger,
	})
	if err != nil {
		return nil, err
	}
	return c.Source(e.audience), nil
}

func (e *environment) tokenFile() (TokenSource, Place, error) {
	place := Place{Name: envTokenFile}
	path := lookupEnv(envTokenFile)
	if path == "" {
		place.Finding = "not set"
		return nil, place, nil
	}
	place.Name += " " + quote.Text(path, nameText)
	raw, err := readSecret(path, claims.MaxTokenSize)
	if err == nil {
		var t *Token
		if t, err = ParseToken(raw); err == nil {
			err = checkOurs(t, e.audience)
		}
	}
	switch errno, failed := errors.AsType[syscall.Errno](err); {
	case failed && !errors.Is(err, fs.ErrNotExist):
		// It may be ours, and the next place is another identity.
		return nil, place, fmt.Errorf("cannot be looked at: %w", errno)
	case err != nil:
		return passBy(place, err)
	}
	// An expired token of ours is a choice: it says that somebody keeps this file for us and does not do it now.
	return ownFile{File(path), e.audience}, place, nil
}

// passBy is for a place that is there but not for us.
func passBy(place Place, reason error) (TokenSource, Place, error) {
	place.Finding = unprefixed{reason}.Error()
	return nil, place, nil
}

// ownFile is a file whose token must stay one of Ona's.
type ownFile struct {
	TokenSource
	audience string
}

// Token reads the file and checks whose token is in it.
func (f ownFile) Token(ctx context.Context) (*Token, error) {
	t, err := f.TokenSource.Token(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkOurs(t, f.audience); err != nil {
		return nil, err
	}
	return t, nil
}

// checkOurs returns an error unless t says that it is of Ona's issuer and for the audience.
func checkOurs(t *Token, audience string) error {
	if iss := t.held().claims.Issuer; iss != Issuer {
		return &claims.ValidationError{Claim: "iss", Got: iss, Want: Issuer}
	}
	return checkAudience(t, []string{audience})
}

// environmentSource is what FromEnvironment returns.
type environmentSource struct {
	TokenSource
	name     string
	audience string
	logger   *slog.Logger
	warned   atomic.Bool
}

// Source tells the choice.
func (s *environmentSource) Source() string { return s.name }

// Token asks the chosen source and checks what it gives.
func (s *environmentSource) Token(ctx context.Context) (*Token, error) {
	t, err := s.TokenSource.Token(ctx)
	if err == nil {
		err = checkAudience(t, []string{s.audience})
	}
	if err != nil {
		return nil, fail(s.name, err)
	}
	if lookupEnv(envEnvironmentID) != "" && ofUser(t) && s.warned.CompareAndSwap(false, true) {
		s.logger.WarnContext(ctx, "idp: this Ona environment acts as its user, not as itself: the API token is a personal one, "+
			"so a role that lets the environment or its project in will refuse", "source", s.name)
	}
	return t, nil
}

func ofUser(t *Token) bool {
	id, err := t.held().claims.Identity()
	return err == nil && id.Kind() == claims.KindUser
}
