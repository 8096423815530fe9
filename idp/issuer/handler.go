package issuer

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// HandlerOptions are the choices of [NewHandler]. The zero value is fit for use.
type HandlerOptions struct {
	// Claims is claims_supported of the discovery document. Nil means those of Ona's tokens that AWS looks at or needs:
	// aud, exp, iat, iss, org, sub.
	Claims []string
	// InsecureLoopbackHTTP admits an issuer URL such as http://127.0.0.1:8080.
	InsecureLoopbackHTTP bool
}

// A Handler serves what verifiers need of an issuer: the discovery document at the issuer's path + /.well-known/openid-configuration,
// and the key set at the issuer's path + /.well-known/jwks.json. It answers GET and HEAD, knows ETags, and under any Host, since
// whoever runs a proxy in front decides that.
//
// The bytes are made when the ring changes, not for each request: a request allocates nothing. It is safe for concurrent use.
type Handler struct {
	base   string // path of the issuer without a slash at the end
	about  []byte // the discovery document up to the list of algorithms, which is the ring's
	ring   *KeyRing
	served atomic.Pointer[served]
}

// served is what is given out during one edition of the ring. The header values are slices because that is what http.Header
// holds: assigning one allocates nothing. Nobody writes to them.
type served struct {
	edition         *edition
	discovery, jwks document
}

type document struct {
	body                             []byte
	etag, length, cacheControl, kind []string
}

// NewHandler returns the handler of an issuer with the keys of a ring. The issuer URL is what the iss claim of its tokens is, byte
// for byte. Nil options mean the zero value.
func NewHandler(issuerURL string, ring *KeyRing, opts *HandlerOptions) (*Handler, error) {
	var o HandlerOptions
	if opts != nil {
		o = *opts
	}
	if ring == nil {
		return nil, errors.New("issuer: NewHandler: the ring is nil")
	}
	if err := checkIssuerURL(issuerURL, o.InsecureLoopbackHTTP); err != nil {
		return nil, fmt.Errorf("issuer: NewHandler: %w", err)
	}
	u, err := url.Parse(issuerURL)
	if err != nil {
		return nil, fmt.Errorf("issuer: NewHandler: %w", err)
	}
	if o.Claims == nil {
		o.Claims = []string{"aud", "exp", "iat", "iss", "org", "sub"}
	}
	about, err := json.Marshal(struct {
		Issuer        string   `json:"issuer"`
		JWKSURI       string   `json:"jwks_uri"`
		ResponseTypes []string `json:"response_types_supported"`
		SubjectTypes  []string `json:"subject_types_supported"`
		Claims        []string `json:"claims_supported"`
	}{issuerURL, wellKnown(issuerURL, jwksPath), []string{"id_token"}, []string{"public"}, o.Claims})
	if err != nil {
		return nil, fmt.Errorf("issuer: NewHandler: %w", err)
	}
	about = append(about[:len(about)-1], `,"id_token_signing_alg_values_supported":[`...)
	return &Handler{base: strings.TrimSuffix(u.Path, "/"), about: about, ring: ring}, nil
}

func (h *Handler) current() *served {
	e := h.ring.edition(time.Now())
	if s := h.served.Load(); s != nil && s.edition == e {
		return s
	}
	d := slices.Clone(h.about)
	for i, alg := range e.algorithms { // names of ours: nothing to escape
		if i > 0 {
			d = append(d, ',')
		}
		d = strconv.AppendQuote(d, alg)
	}
	d = append(d, "]}"...)
	kind := []string{"application/json"} // not application/jwk-set+json: every client knows this one
	cache := []string{"public, max-age=" + strconv.Itoa(int(h.ring.maxAge/time.Second))}
	s := &served{
		edition:   e,
		discovery: document{d, []string{entityTag(d)}, []string{strconv.Itoa(len(d))}, cache, kind},
		jwks:      document{e.jwks, []string{e.etag}, []string{strconv.Itoa(len(e.jwks))}, cache, kind},
	}
	h.served.Store(s)
	return s
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.Path, h.base)
	if !ok || rest != discoveryPath && rest != jwksPath {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	s := h.current()
	d := &s.discovery
	if rest == jwksPath {
		d = &s.jwks
	}
	header["Etag"] = d.etag
	header["Cache-Control"] = d.cacheControl
	if matches(r.Header["If-None-Match"], d.etag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header["Content-Type"] = d.kind
	header["Content-Length"] = d.length
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(d.body) // the client went away; there is nobody to tell
}

// matches is the weak comparison of RFC 9110 section 13.1.2.
func matches(header []string, etag string) bool {
	for _, line := range header {
		for line != "" {
			var one string
			one, line, _ = strings.Cut(line, ",")
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == etag {
				return true
			}
		}
	}
	return false
}

// Documents returns what the handler serves, as of now, by path below the issuer URL (".well-known/openid-configuration",
// ".well-known/jwks.json"), for an object store or a CDN: an issuer needs no server of its own. Write them with the Content-Type
// application/json and Cache-Control "public, max-age=N", where N is [KeyRingOptions.MaxAge] in seconds.
//
// Write them again after each [KeyRing.Publish], within [KeyRingOptions.Wait] less MaxAge (a minute by default), since a cache may have
// taken the old ones just before; after [KeyRing.Remove]; and when a key is gone ([KeyStatus].Removed).
func (h *Handler) Documents() map[string][]byte {
	s := h.current()
	return map[string][]byte{
		discoveryPath[1:]: slices.Clone(s.discovery.body),
		jwksPath[1:]:      slices.Clone(s.jwks.body),
	}
}
