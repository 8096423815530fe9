package awsfedtest

import (
	"errors"
	"net/http"
	"net/url"
)

// ParseForm parses a request body.
func ParseForm(body string) (map[string]string, error) { return parseForm(body) }

// List returns the members of a list.
func List(f map[string]string, name string) []map[string]string {
	var list []map[string]string
	for _, member := range form(f).list(name) {
		list = append(list, member)
	}
	return list
}

// Signature returns the right signature of a request that has a signature.
func Signature(method, host, rawURL string, header http.Header, body []byte, secret string) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", err
	}
	r := request{Request: &http.Request{Method: method, Host: host, URL: u, Header: header}, body: body}
	sig, refused := readSignature(r)
	if refused != nil {
		return "", errors.New(refused.code)
	}
	return sig.compute(r, secret), nil
}

// Started returns the number of calls that have started.
func (s *STS) Started() int { return int(s.started.Load()) }

// Opens reports whether text is a session token of s.
func (s *STS) Opens(text string) bool {
	_, ok := s.open(text)
	return ok
}

// DecodeChunks returns the content of an upload in chunks.
func DecodeChunks(b []byte) ([]byte, bool) { return decodeChunks(b) }
