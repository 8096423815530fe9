package httpjson

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"github.com/onafed/onafed/internal/loopback"
)

// maxURL is the longest URL in bytes that [CheckURL] accepts. Servers commonly refuse more than 8 KiB,
// and the URL of an issuer, a key set or an API method is much shorter.
const maxURL = 2048

// CheckURL parses a URL to which a credential may be sent: it is absolute, its scheme is https, and it
// has a host, no user information and no fragment. With insecureLoopback the scheme may be http if
// the host is a loopback literal, as in http://127.0.0.1:8080 or http://[::1]:8080. The name localhost
// is not enough, because a resolver may give it another address.
//
// The host must be ASCII; write an internationalized name in its xn-- form. The error is a
// [*URLError].
func CheckURL(raw string, insecureLoopback bool) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, &URLError{URL: withoutUser(raw), Reason: "longer than " + strconv.Itoa(maxURL) + " bytes"}
	}
	u, err := url.Parse(raw)
	if err != nil {
		// The error of net/url repeats the whole input, and its reason adds little to the quoted input.
		return nil, &URLError{URL: withoutUser(raw), Reason: "not a URL"}
	}
	if reason := refuse(u, insecureLoopback); reason != "" {
		return nil, &URLError{URL: withoutUser(raw), Reason: reason}
	}
	return u, nil
}

// withoutUser replaces user information, in which some callers put a token, by "...". raw need not
// be a valid URL.
func withoutUser(raw string) string {
	start := 0
	if i := strings.Index(raw, "//"); i >= 0 {
		start = i + len("//")
	}
	end := len(raw)
	if i := strings.IndexAny(raw[start:], "/?#"); i >= 0 {
		end = start + i
	}
	at := strings.LastIndexByte(raw[start:end], '@')
	if at < 0 {
		return raw
	}
	return raw[:start] + "..." + raw[start+at:]
}

// refuse returns why CheckURL refuses u, or "".
func refuse(u *url.URL, insecureLoopback bool) string {
	switch {
	case u.Scheme == "":
		return "no scheme, want https"
	case u.Opaque != "":
		return "no // after the scheme"
	case u.User != nil:
		return "user information in the URL"
	case u.Fragment != "" || strings.HasSuffix(u.String(), "#"):
		return "a fragment in the URL"
	case u.Hostname() == "":
		return "no host"
	case !isPlainHost(u.Host):
		return "host is not plain ASCII"
	case !isValidPort(u):
		return "port is not a number from 1 to 65535"
	}
	switch u.Scheme {
	case "https":
		return ""
	case "http":
		switch {
		case !loopback.IsLiteral(u.Hostname()):
			return "scheme is http, want https"
		case !insecureLoopback:
			return "scheme is http, want https (http to a loopback address must be allowed explicitly)"
		}
		return ""
	default:
		return "scheme is not https"
	}
}

// isPlainHost reports whether a host and port contain only the characters of DNS names, IP literals
// and ports. net/http would rewrite other names to punycode, so a look-alike of an allowed name could
// pass a comparison.
func isPlainHost(host string) bool {
	return strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") == ""
}

func isValidPort(u *url.URL) bool {
	p := u.Port()
	if p == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(p, 10, 16)
	return err == nil && n != 0
}

// origin returns the scheme, host and port of u in one spelling for all URLs of the same server.
func origin(u *url.URL) string { return u.Scheme + "://" + HostPort(u) }

// HostPort returns the host of u in lower case and its port, or the default port of http or https.
func HostPort(u *url.URL) string {
	defaults := map[string]string{"http": "80", "https": "443"}
	return strings.ToLower(u.Hostname()) + ":" + cmp.Or(u.Port(), defaults[u.Scheme])
}
