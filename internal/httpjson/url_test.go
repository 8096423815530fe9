package httpjson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/httpjson"
)

func TestCheckURLAccepts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		raw      string
		loopback bool // InsecureLoopbackHTTP
	}{
		{"https is accepted", "https://app.gitpod.io", false},
		{"a path and a query are accepted", "https://app.gitpod.io/a?b=c", false},
		{"a port is accepted", "https://app.gitpod.io:8443", false},
		{"an upper-case scheme is https", "HTTPS://app.gitpod.io", false},
		{"an IPv6 literal is accepted", "https://[2001:db8::1]/", false},
		{"http to IPv4 loopback is accepted with the option", "http://127.0.0.1:80", true},
		{"http to all of 127/8 is accepted with the option", "http://127.9.8.7", true},
		{"http to IPv6 loopback is accepted with the option", "http://[::1]:80", true},
	} {
		if u, err := httpjson.CheckURL(tt.raw, tt.loopback); err != nil || u == nil {
			t.Errorf("%s: CheckURL(%q, %t) = %v, %v", tt.name, tt.raw, tt.loopback, u, err)
		}
	}
}

func TestCheckURLRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		raw      string
		loopback bool // InsecureLoopbackHTTP
		reason   string
	}{
		{"http to IPv4 loopback needs the option", "http://127.0.0.1:80", false, "must be allowed explicitly"},
		{"http to localhost is refused: a resolver decides", "http://localhost", true, "want https"},
		{"http to a name that begins like loopback is refused", "http://127.0.0.1.evil.example", true, "want https"},
		{"http to a short spelling of loopback is refused", "http://127.1", true, "want https"},
		{"http to another spelling of loopback is refused", "http://0x7f000001", true, "want https"},
		{"http to a zone is refused", "http://[::1%25lo]", true, "ASCII"},
		{"http to anything else is refused", "http://app.gitpod.io", true, "want https"},
		{"http to the unspecified address is refused", "http://0.0.0.0", true, "want https"},
		{"no scheme is refused", "app.gitpod.io", false, "no scheme"},
		{"a host without scheme is refused", "//app.gitpod.io", false, "no scheme"},
		{"another scheme is refused", "file:///etc/passwd", false, "no host"},
		{"another scheme with a host is refused", "ftp://app.gitpod.io", false, "not https"},
		{"an opaque URL is refused", "https:app.gitpod.io", false, "no //"},
		{"no host is refused", "https:///x", false, "no host"},
		{"a port without host is refused", "https://:443", false, "no host"},
		{"an empty port is refused", "https://app.gitpod.io:", false, "port"},
		{"port zero is refused", "https://app.gitpod.io:0", false, "port"},
		{"a large port is refused", "https://app.gitpod.io:65536", false, "port"},
		{"user information is refused", "https://app.gitpod.io@evil.example", false, "user information"},
		{"an empty user is refused", "https://@app.gitpod.io", false, "user information"},
		{"a fragment is refused", "https://app.gitpod.io#x", false, "fragment"},
		{"a look-alike name is refused", "https://\u0430pp.gitpod.io", false, "ASCII"},
		{"a space is refused", "https://app.gitpod.io /x", false, "not a URL"},
		{"a line break is refused", "https://app.gitpod.io/\nx", false, "not a URL"},
		{"an empty text is refused", "", false, "no scheme"},
		{"a very long text is refused", "https://app.gitpod.io/" + strings.Repeat("a", 3000), false, "longer"},
	} {
		u, err := httpjson.CheckURL(tt.raw, tt.loopback)
		if _, ok := errors.AsType[*httpjson.URLError](err); !ok || u != nil {
			t.Errorf("%s: CheckURL(%q, %t) = %v, %v, want a *URLError", tt.name, tt.raw, tt.loopback, u, err)
			continue
		}
		if !strings.Contains(err.Error(), tt.reason) {
			t.Errorf("%s: CheckURL(%q, %t): %v, want a reason with %q", tt.name, tt.raw, tt.loopback, err, tt.reason)
		}
		if len(err.Error()) > 300 {
			t.Errorf("%s: the error has %d bytes, want the URL to be cut", tt.name, len(err.Error()))
		}
	}
}

// net/url refuses %2e in a host or decodes it. Both are safe.
func TestCheckURLWithEscapedHost(t *testing.T) {
	t.Parallel()
	const raw = "https://app%2egitpod.io"
	if u, err := httpjson.CheckURL(raw, false); err == nil && u.Host != "app.gitpod.io" {
		t.Errorf("CheckURL(%q) has host %q", raw, u.Host)
	}
}

// The error for a URL with user information, which may be a token, does not repeat it.
func TestCheckURLShowsNoUserInformation(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://s3cret@a.example/b":                  "https://...@a.example/b",
		"https://u:s3cret@a.example":                  "https://...@a.example",
		"https://u:s3cret@x@a.example":                "https://...@a.example",
		"https://u:s3cret%zz@a.example/b":             "https://...@a.example/b", // not a URL
		"u:s3cret@a.example":                          "...@a.example",
		"//s3cret@a.example":                          "//...@a.example",
		"https://s3cret@" + strings.Repeat("a", 3000): "https://...@" + strings.Repeat("a", 3000),
		"http://a.example/b@c?d@e":                    "http://a.example/b@c?d@e",
	} {
		_, err := httpjson.CheckURL(raw, false)
		ue, ok := errors.AsType[*httpjson.URLError](err)
		if !ok || ue.URL != want || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("CheckURL(%q): %v, want a *URLError of %q", raw, err, want)
		}
	}
}

// FuzzCheckURL checks that an accepted URL is https, or http to loopback, has no user information, and
// is accepted again with the same result.
func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{
		"https://app.gitpod.io", "http://127.0.0.1:1", "http://[::1]:1", "https://a@b", "https://a:b@c", "https:a", "http://127.1",
		"https://a\\@b", "https://a%00b", "https://a?#", "https://[::1%25eth0]/", "HTTPS://A.b:443/%2f",
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, raw string, loopback bool) {
		u, err := httpjson.CheckURL(raw, loopback)
		if err != nil {
			if u != nil {
				t.Errorf("CheckURL(%q) returns %v and an error", raw, u)
			}
			return
		}
		if u.User != nil || u.Fragment != "" || u.Hostname() == "" {
			t.Errorf("CheckURL(%q) accepts %#v", raw, u)
		}
		insecure := loopback && u.Scheme == "http" && (strings.HasPrefix(u.Hostname(), "127.") || strings.Contains(u.Hostname(), ":"))
		if u.Scheme != "https" && !insecure {
			t.Errorf("CheckURL(%q, %t) accepts scheme %s for host %s", raw, loopback, u.Scheme, u.Hostname())
		}
		again, err := httpjson.CheckURL(u.String(), loopback)
		if err != nil || again.String() != u.String() {
			t.Errorf("CheckURL(%q) = %v, %v, want the same again", u.String(), again, err)
		}
	})
}
