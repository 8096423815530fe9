package idp_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// write writes text to a temporary file and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFile(t *testing.T) {
	t.Parallel()
	raw := rawToken(inAnHour(), nil)
	for name, text := range map[string]string{
		"no white space": raw, "line break": raw + "\n", "line break of Windows": raw + "\r\n", "white space": "\n \t" + raw + " \n\n", "byte order mark": "\ufeff" + raw,
	} {
		tok, err := idp.File(write(t, text)).Token(t.Context())
		if err != nil || tok.Raw() != raw {
			t.Errorf("%s: Token = %v, %v, want the token without white space", name, tok, err)
		}
	}
}

func TestFileIsReadAgain(t *testing.T) {
	t.Parallel()
	first, second := rawToken(inAnHour(), nil), rawToken(inAnHour().Add(time.Minute), nil)
	path := write(t, first)
	src := idp.File(path)
	for _, want := range []string{first, second} {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		if tok, err := src.Token(t.Context()); err != nil || tok.Raw() != want {
			t.Errorf("Token = %v, %v, want the current token of the file", tok, err)
		}
	}
}

func TestFileFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	anything := func(error) bool { return true }
	isNotToken := func(err error) bool { _, ok := errors.AsType[*idp.NotTokenError](err); return ok }
	tests := []struct {
		name string
		path string
		is   func(error) bool
		text string
	}{
		{"a missing file", filepath.Join(dir, "no\u2028file"), func(err error) bool { return errors.Is(err, fs.ErrNotExist) }, `no\u2028file": `},
		{"no path", "", anything, "not configured"},
		{"a directory", dir, anything, "want a regular file, got a directory"},
		{"an empty file", write(t, " \n"), anything, "empty"},
		{"an API token", write(t, "ona_pat_0123456789\n"), isNotToken, "opaque value of 18 bytes"},
		{"two tokens", write(t, rawToken(inAnHour(), nil)+"\n"+rawToken(inAnHour(), nil)), isNotToken, "white space"},
		{"UTF-16", write(t, "e\x00y\x00"), isNotToken, "UTF-16"},
		{"a huge file", write(t, strings.Repeat("a", 1<<20)), anything, "larger than 20000 bytes"},
		{"an expired token", write(t, rawToken(time.Now().Add(-time.Hour), nil)), func(err error) bool { return errors.Is(err, claims.ErrExpired) }, " ago"},
		{"a token without expiry", write(t, rawToken(inAnHour(), map[string]any{"exp": nil})), anything, "has no expiry"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tok, err := idp.File(tt.path).Token(t.Context())
			if tok != nil || err == nil || !tt.is(err) || !strings.Contains(err.Error(), tt.text) || strings.ContainsAny(err.Error(), "\n\u2028") {
				t.Errorf("Token = %v, %q, want an error with %q", tok, err, tt.text)
			}
			if se, ok := errors.AsType[*idp.SourceError](err); !ok || !strings.HasPrefix(se.Source, "file ") {
				t.Errorf("Token: %v, want a *SourceError of the file", err)
			}
		})
	}
}

func TestEnv(t *testing.T) {
	raw := rawToken(inAnHour(), nil)
	src := idp.Env("ONAFED_TEST_TOKEN")
	if _, err := src.Token(t.Context()); err == nil || !strings.Contains(err.Error(), `environment variable "ONAFED_TEST_TOKEN": not set`) {
		t.Errorf("Token of a missing variable: %v", err)
	}
	t.Setenv("ONAFED_TEST_TOKEN", " "+raw+"\n")
	if tok, err := src.Token(t.Context()); err != nil || tok.Raw() != raw {
		t.Errorf("Token = %v, %v, want the token of the variable", tok, err)
	}
	t.Setenv("ONAFED_TEST_TOKEN", rawToken(time.Now().Add(-time.Minute), nil))
	if _, err := src.Token(t.Context()); !errors.Is(err, claims.ErrExpired) {
		t.Errorf("Token of an expired token: %v, want ErrExpired", err)
	}
	t.Setenv("ONAFED_TEST_TOKEN", "\n")
	if _, err := src.Token(t.Context()); err == nil {
		t.Error("Token of an empty variable succeeds")
	}
	if _, err := idp.Env("").Token(t.Context()); err == nil {
		t.Error("Token of an empty name succeeds")
	}
}

func TestStatic(t *testing.T) {
	t.Parallel()
	tok := token(t, inAnHour(), nil)
	if got, err := idp.Static(tok).Token(t.Context()); err != nil || got != tok {
		t.Errorf("Token = %v, %v, want the token", got, err)
	}
	if got, err := idp.Static(token(t, time.Now(), nil)).Token(t.Context()); !errors.Is(err, claims.ErrExpired) || got != nil {
		t.Errorf("Token of an expired token = %v, %v, want ErrExpired", got, err)
	}
	for _, empty := range []*idp.Token{nil, {}} {
		if got, err := idp.Static(empty).Token(t.Context()); err == nil || got != nil {
			t.Errorf("Token of an empty token = %v, %v, want an error", got, err)
		}
	}
}

// Every source of this package returns the error of a context that has ended before the call.
func TestSourcesObeyContext(t *testing.T) {
	t.Setenv("ONAFED_TEST_TOKEN", rawToken(inAnHour(), nil))
	tok := token(t, inAnHour(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, src := range map[string]idp.TokenSource{
		"Static": idp.Static(tok),
		"File":   idp.File(write(t, tok.Raw())),
		"Env":    idp.Env("ONAFED_TEST_TOKEN"),
		"Exec":   run("token", idp.ExecOptions{}),
		"Chain":  idp.Chain(idp.Static(tok)),
		"Cached": idp.Cached(idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) { <-ctx.Done(); return nil, ctx.Err() }), &idp.CachedOptions{AttemptTimeout: time.Millisecond}),
	} {
		if got, err := src.Token(ctx); !errors.Is(err, context.Canceled) || got != nil {
			t.Errorf("%s: Token = %v, %v, want context.Canceled", name, got, err)
		}
	}
}

func TestChain(t *testing.T) {
	t.Setenv("ONAFED_TEST_TOKEN", "")
	tok := token(t, inAnHour(), nil)
	path := write(t, tok.Raw())
	boom := errors.New("boom")
	fails := idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return nil, boom })
	tests := []struct {
		name    string
		sources []idp.TokenSource
		source  string
		err     error
	}{
		{"the first configured is used", []idp.TokenSource{idp.File(path + "x"), idp.Env("ONAFED_TEST_TOKEN"), idp.Static(nil), idp.Exec("onafed-no-such-command"), nil, idp.File(path), idp.Static(tok)}, "file ", nil},
		{"a failing source is not skipped", []idp.TokenSource{fails, idp.Static(tok)}, "idp.TokenSourceFunc", boom},
		{"an expired token is not skipped", []idp.TokenSource{idp.Static(token(t, time.Now(), nil)), idp.Static(tok)}, "static token", claims.ErrExpired},
		{"a chain without a configured source", []idp.TokenSource{idp.Chain(idp.Static(nil)), idp.Static(tok)}, "static token", nil},
		{"a cache of a source that is not configured", []idp.TokenSource{idp.Cached(idp.Static(nil), nil), idp.Static(tok)}, "static token", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := idp.Chain(tt.sources...)
			got, err := src.Token(t.Context())
			if tt.err != nil {
				if !errors.Is(err, tt.err) || got != nil {
					t.Errorf("Token = %v, %v, want %v", got, err, tt.err)
				}
			} else if err != nil || !got.Equal(tok) {
				t.Errorf("Token = %v, %v, want the token", got, err)
			}
			if name := src.(interface{ Source() string }).Source(); !strings.HasPrefix(name, tt.source) {
				t.Errorf("Source = %s, want %s", name, tt.source)
			}
		})
	}
}

// The choice is final: a file that is missing for a moment must not change the identity.
func TestChainStays(t *testing.T) {
	t.Parallel()
	tok := token(t, inAnHour(), nil)
	path := filepath.Join(t.TempDir(), "token")
	src := idp.Chain(idp.File(path), idp.Static(nil))
	if _, err := src.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "first of (file ") || !strings.Contains(err.Error(), "static token): none") {
		t.Errorf("Token with nothing configured: %v", err)
	}
	if err := os.WriteFile(path, []byte(tok.Raw()), 0o600); err != nil {
		t.Fatal(err)
	}
	src = idp.Chain(idp.File(path), idp.Static(tok))
	if _, err := src.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got, err := src.Token(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Token after the file is gone = %v, %v, want the file's error", got, err)
	}
}

func TestChainIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	tok := token(t, inAnHour(), nil)
	src := idp.Chain(idp.Static(nil), idp.Static(tok), idp.Static(token(t, inAnHour().Add(time.Minute), nil)))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if got, err := src.Token(t.Context()); err != nil || !got.Equal(tok) {
					t.Errorf("Token = %v, %v", got, err)
				}
				_ = src.(interface{ Source() string }).Source()
			}
		})
	}
	wg.Wait()
}

// A recorder records the tokens that it is asked to invalidate.
type recorder struct {
	idp.TokenSource
	mu   sync.Mutex
	told []*idp.Token
}

func (r *recorder) Invalidate(t *idp.Token) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, t)
}

func TestChainForwardsInvalidate(t *testing.T) {
	t.Parallel()
	tok := token(t, inAnHour(), nil)
	r := &recorder{TokenSource: idp.Static(tok)}
	src := idp.Chain(idp.Static(nil), r)
	src.(idp.Invalidator).Invalidate(token(t, inAnHour().Add(time.Minute), nil)) // no source is chosen yet
	if _, err := src.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	src.(idp.Invalidator).Invalidate(tok)
	if len(r.told) != 1 || r.told[0] != tok {
		t.Errorf("the chosen source got %v, want the token once", r.told)
	}
	if got, err := src.Token(t.Context()); err == nil || got != nil || !strings.Contains(err.Error(), "after a service refused it") {
		t.Errorf("Token = %v, %v, want an error for the refused token", got, err)
	}
}

// failure returns the error of a source.
func failure(t *testing.T, src idp.TokenSource) error {
	t.Helper()
	tok, err := src.Token(t.Context())
	if err == nil || tok != nil {
		t.Errorf("Token = %v, %v, want an error", tok, err)
	}
	return err
}

// Only a refusal, and a source that cannot change, are permanent.
func TestTemporary(t *testing.T) {
	t.Parallel()
	refused := &idp.RequestError{StatusCode: 403, Code: "permission_denied"}
	foreign := permanent{}
	_, missing := idp.File(filepath.Join(t.TempDir(), "none")).Token(t.Context())
	_, noCommand := idp.Exec("onafed-no-such-command").Token(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, ended := idp.Static(nil).Token(ctx)
	client := func(change func(*idp.ClientOptions)) error {
		c := newClient(t, func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }, func(o *idp.ClientOptions) {
			o.MaxAttempts = 1
			change(o)
		})
		_, err := c.IDToken(t.Context(), idp.AudienceAWS)
		return err
	}
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"a missing file":                  {missing, true},
		"a file without a path":           {failure(t, idp.File("")), false},
		"a variable that is not set":      {failure(t, idp.Env("ONAFED_TEST_NO_TOKEN")), true},
		"a variable without a name":       {failure(t, idp.Env("")), false},
		"a command without a name":        {failure(t, idp.Exec("")), false},
		"no static token":                 {failure(t, idp.Static(nil)), false},
		"an empty static token":           {failure(t, idp.Static(&idp.Token{})), false},
		"an expired static token":         {failure(t, idp.Static(token(t, time.Now(), nil))), false},
		"a static token without expiry":   {failure(t, idp.Static(token(t, inAnHour(), map[string]any{"exp": nil}))), false},
		"a cached, expired static token":  {failure(t, idp.Cached(idp.Static(token(t, time.Now(), nil)), nil)), false},
		"a cache without a source":        {failure(t, idp.Cached(nil, nil)), false},
		"a chain without sources":         {failure(t, idp.Chain()), false},
		"a chain, none configured":        {failure(t, idp.Chain(idp.Env("ONAFED_TEST_NO_TOKEN"))), true},
		"a chain with a refusal":          {failure(t, idp.Chain(idptest.Fails(foreign))), false},
		"a static token, context ended":   {ended, true},
		"a missing command":               {noCommand, true},
		"a missing file with the API key": {client(func(o *idp.ClientOptions) { o.Bearer = idp.BearerFile(filepath.Join(t.TempDir(), "none")) }), true},
		"a refused connection":            {client(func(*idp.ClientOptions) {}), true},
		"an expired token":                {&idp.SourceError{Source: "s", Err: claims.ErrExpired}, true},
		"a refusal":                       {&idp.SourceError{Source: "s", Err: fmt.Errorf("w: %w", refused)}, false},
		"a refusal of another source":     {&idp.SourceError{Source: "s", Err: foreign}, false},
		"a cached refusal": {func() error {
			_, err := idp.Cached(idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return nil, refused }), nil).Token(t.Context())
			return err
		}(), false},
	} {
		e, ok := errors.AsType[interface {
			error
			Temporary() bool
		}](tt.err)
		if !ok || e.Temporary() != tt.want {
			t.Errorf("%s: %v has Temporary %v, want %t", name, tt.err, e, tt.want)
		}
	}
}

// permanent is a permanent error of a source in another package.
type permanent struct{}

func (permanent) Error() string   { return "gone for good" }
func (permanent) Temporary() bool { return false }
