package awsfedtest

import (
	"net/http"
	"net/url"
)

// ParseForm, EncodeForm and List are the parser of request bodies.
func ParseForm(body string) (map[string]string, error) { return parseForm(body) }

func EncodeForm(f map[string]string) string { return form(f).encode() }

func List(f map[string]string, name string) []map[string]string {
	var list []map[string]string
	for _, member := range form(f).list(name) {
		list = append(list, member)
	}
	return list
}

// Signature computes what the signature of a request that carries one should be.
func Signature(method, host, rawURL string, header http.Header, body []byte, secret string) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", err
	}
	r := request{method: method, host: host, url: u, header: header, body: body}
	sig, refused := readSignature(r)
	if refused != nil {
		return "", refused
	}
	return sig.signature(r, secret), nil
}

// Started is how many calls have begun, whether or not they have ended.
func (s *STS) Started() int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.total
}

// Opens reports whether s takes text for a session token of its own.
func (s *STS) Opens(text string) bool {
	_, ok := s.open(text)
	return ok
}
