package export_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

// idToken returns a token with the given lifetime from now; tokens differ by n.
func idToken(t *testing.T, n int, life time.Duration) *idp.Token {
	t.Helper()
	token, err := newIDToken(n, life)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func newIDToken(n int, life time.Duration) (*idp.Token, error) {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	now := time.Now()
	return idp.ParseToken(part(`{"alg":"RS256","kid":"k0"}`) + "." + part(fmt.Sprintf(
		`{"iss":"https://app.gitpod.io","aud":"sts.amazonaws.com","sub":"org:0191e223-1c3c-7607-badf-303c98b52d2f","iat":%d,"exp":%d,"jti":"%d"}`,
		now.Unix(), now.Add(life).Unix(), n)) + "." + part("signature"))
}

// tokenServer returns a new token for each call, or its error.
type tokenServer struct {
	t     *testing.T
	mu    sync.Mutex // guards the fields below
	calls []time.Time
	err   error
}

func (s *tokenServer) Token(context.Context) (*idp.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, time.Now())
	if s.err != nil {
		return nil, s.err
	}
	return idToken(s.t, len(s.calls), time.Hour), nil
}

func (s *tokenServer) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *tokenServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

func newTokenFile(t *testing.T, path string, src idp.TokenSource, opts *export.TokenFileOptions) *export.TokenFile {
	t.Helper()
	f, err := export.NewTokenFile(path, src, opts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTokenFileWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "onafed", "token")
	token := idToken(t, 1, time.Hour)
	f := newTokenFile(t, path, idp.Static(token), nil)
	expiry, err := f.Write(t.Context())
	if err != nil || !expiry.Equal(token.Expiry()) {
		t.Fatalf("Write = %v, %v, want %v", expiry, err, token.Expiry())
	}
	if got := read(t, path); got != token.Raw() {
		t.Errorf("the file is not the bare token: it has %d bytes, want %d", len(got), len(token.Raw()))
	}
	if runtime.GOOS == "windows" {
		return
	}
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want mode %v", p, info.Mode(), err, want)
		}
	}
}

func TestTokenFileGroup(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no groups with numbers")
	}
	path := filepath.Join(t.TempDir(), "onafed", "token")
	f := newTokenFile(t, path, idp.Static(idToken(t, 1, time.Hour)), &export.TokenFileOptions{Group: strconv.Itoa(os.Getgid())})
	if _, err := f.Write(t.Context()); err != nil {
		t.Skipf("this user cannot: %v", err)
	}
	for p, want := range map[string]os.FileMode{path: 0o640, filepath.Dir(path): 0o750} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want mode %v", p, info.Mode(), err, want)
		}
	}
	own := filepath.Join(t.TempDir(), "own")
	if err := os.Mkdir(own, 0o700); err != nil {
		t.Fatal(err)
	}
	f = newTokenFile(t, filepath.Join(own, "token"), idp.Static(idToken(t, 1, time.Hour)), &export.TokenFileOptions{Group: strconv.Itoa(os.Getgid())})
	if _, err := f.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkMode(t, own, 0o700)                                                            // only a new folder is opened for the group
	for _, group := range []string{"no such group", "4294967295", "-1", "4294967296"} { // to chown the first number means "unchanged"
		if _, err := export.NewTokenFile(path, idp.Static(nil), &export.TokenFileOptions{Group: group}); err == nil {
			t.Errorf("group %q was accepted", group)
		}
	}
}

// If the token is unchanged, Write still corrects the permissions of the file and removes the
// temporary file of a killed writer.
func TestTokenFileCorrectsModeAndGroup(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	path := filepath.Join(t.TempDir(), "own", "token")
	src := idp.Static(idToken(t, 1, time.Hour))
	writes := 0
	put := func(group string) os.FileInfo {
		t.Helper()
		f := newTokenFile(t, path, src, &export.TokenFileOptions{Group: group, OnWrite: func(time.Time) { writes++ }})
		_, temp := f.Siblings()
		if writes > 0 {
			write(t, temp, "half a token", 0o600)
		}
		if _, err := f.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(temp); !errors.Is(err, fs.ErrNotExist) {
			t.Error("the temporary file is left")
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	put("")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		rule, group string
		mode        os.FileMode
		writes      int
	}{
		{"a loose mode is corrected", "", 0o600, 2},
		{"a correct file stays", "", 0o600, 2},
		{"a group gets access", strconv.Itoa(os.Getgid()), 0o640, 3},
		{"a group keeps its access", strconv.Itoa(os.Getgid()), 0o640, 3},
	}
	for _, s := range steps {
		if info := put(s.group); info.Mode().Perm() != s.mode || writes != s.writes {
			t.Errorf("%s: mode %v, %d writes; want %v, %d", s.rule, info.Mode(), writes, s.mode, s.writes)
		}
	}
	if os.Chown(path, -1, 12345) == nil {
		if put(strconv.Itoa(os.Getgid())); writes != 4 {
			t.Errorf("another group: %d writes, want 4", writes)
		}
	}
}

func TestTokenFileRefuses(t *testing.T) {
	t.Parallel()
	src := idp.Static(idToken(t, 1, time.Hour))
	if _, err := export.NewTokenFile("", src, nil); err == nil {
		t.Error("an empty path was accepted")
	}
	if _, err := export.NewTokenFile("x", nil, nil); err == nil {
		t.Error("a nil source was accepted")
	}
	base := t.TempDir()
	file := filepath.Join(base, "file")
	write(t, file, "x", 0o600)
	bad := []string{filepath.Join(file, "token")}
	if runtime.GOOS != "windows" {
		open, link := filepath.Join(base, "open"), filepath.Join(base, "link")
		if err := os.Mkdir(open, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(open, 0o777|os.ModeSticky); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(base, link); err != nil {
			t.Fatal(err)
		}
		bad = append(bad, filepath.Join(open, "token"), filepath.Join(link, "token"))
	}
	for _, path := range bad {
		f := newTokenFile(t, path, src, nil)
		if _, err := f.Write(t.Context()); err == nil {
			t.Errorf("%s was written", path)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		err := f.Run(ctx)
		cancel()
		if err == nil {
			t.Errorf("%s: Run returned no error", path)
		}
	}
	// An expired token does not replace a good one.
	path := filepath.Join(t.TempDir(), "own", "token")
	if _, err := newTokenFile(t, path, src, nil).Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	old := idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return idToken(t, 2, -time.Hour), nil })
	before := read(t, path)
	if _, err := newTokenFile(t, path, old, nil).Write(t.Context()); !errors.Is(err, export.ErrExpired) || read(t, path) != before {
		t.Errorf("expired token: %v", err)
	}
	none := idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return nil, nil })
	if _, err := newTokenFile(t, path, none, nil).Write(t.Context()); err == nil {
		t.Error("no token and no error was accepted")
	}
}

// A source that returns nothing is an error, and the file is not written.
func TestTokenFileWithoutAToken(t *testing.T) {
	t.Parallel()
	for rule, token := range map[string]*idp.Token{"nil": nil, "zero": {}} {
		path := filepath.Join(t.TempDir(), "own", "token")
		f := newTokenFile(t, path, idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return token, nil }), nil)
		if _, err := f.Write(t.Context()); err == nil || !strings.Contains(err.Error(), "the source returned no token") {
			t.Errorf("%s: Write = %v", rule, err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the file was written: %v", rule, err)
		}
	}
}
