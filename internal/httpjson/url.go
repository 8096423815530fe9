package httpjson

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/onafed/onafed/internal/loopback"
)

// maxURL is the length of the longest URL that [CheckURL] takes. Servers commonly refuse more than 8 KiB; an issuer, a key set or
// an API method needs a fraction of this.
const maxURL = 2048

// CheckURL parses raw and returns it when a credential may be sent to it: absolute, https, a host and no user information, no
// fragment. With insecureLoopback the scheme may also be http when the host is a loopback address written as a literal, as in
// http://127.0.0.1:8080 or http://[::1]:8080. A name such as localhost is not enough, because a resolver decides where that is.
//
// The host must be ASCII; an internationalized name is written in its xn-- form. The error is a [*URLError].
func CheckURL(raw string, insecureLoopback bool) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, &URLError{URL: withoutUser(raw), Reason: "longer than " + strconv.Itoa(maxURL) + " bytes"}
	}
	u, err := url.Parse(raw)
	if err != nil {
		// The error of net/url repeats the input without a limit; its reason alone adds little to the quoted input.
		return nil, &URLError{URL: withoutUser(raw), Reason: "not a URL"}
	}
	if reason := refuse(u, insecureLoopback); reason != "" {
		return nil, &URLError{URL: withoutUser(raw), Reason: reason}
	}
	return u, nil
}

// withoutUser returns raw, which may be no URL at all, with "..." for its user information: that is where some put a token.
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

// refuse returns why u is not fit, or "".
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
	case !hostSpelling(u.Host):
		return "host is not plain ASCII"
	case !portFits(u):
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

// hostSpelling reports whether every byte of a host, with its port, is one that DNS names, IP literals and ports are made of.
// That keeps names that net/http would rewrite (to punycode), and with them look-alikes, out of allow-lists.
func hostSpelling(host string) bool {
	for i := range len(host) {
		c := host[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '-', c == '_', c == ':', c == '[', c == ']':
		default:
			return false
		}
	}
	return true
}

func portFits(u *url.URL) bool {
	p := u.Port()
	if p == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(p, 10, 16)
	return err == nil && n != 0
}

// origin returns scheme, host and port of u in one spelling: two URLs of one origin reach the same server.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
