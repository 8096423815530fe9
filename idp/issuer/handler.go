package issuer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// HandlerOptions are the options of [NewHandler]. The zero value can be used.
type HandlerOptions struct {
	// Claims is claims_supported of the discovery document; nil means aud, exp, iat, iss, org and
	// sub.
	Claims []string
	// InsecureLoopbackHTTP allows an http issuer URL whose host is a loopback IP address, such as
	// http://127.0.0.1:8080.
	InsecureLoopbackHTTP bool
}

// A Handler serves the documents of an issuer: the discovery document at the path of the issuer URL
// + /.well-known/openid-configuration, and the key set at the path + /.well-known/jwks.json. It
// supports GET, HEAD and ETags. It ignores the Host of a request, which a proxy may change.
//
// The documents are built when the ring changes, and a request does not allocate memory. A Handler
// is safe for concurrent use. The zero value is not usable; call [NewHandler].
type Handler struct {
	basePath string // path of the issuer URL without a slash at the end
	metadata []byte // the discovery document up to the algorithms, which depend on the ring
	ring     *KeyRing
	cache    atomic.Pointer[documents]
}

// documents are the two documents of one keySnapshot.
type documents struct {
	snapshot        *keySnapshot
	discovery, jwks document
}

// A document is a body with its header fields. The fields are slices because http.Header holds
// slices, so that a request does not allocate them. Nothing writes to them.
type document struct {
	body                                    []byte
	etag, length, cacheControl, contentType []string
}

// NewHandler returns a handler that serves the keys of a ring. The issuer URL must equal the iss
// claim of the tokens byte for byte. Nil options mean the zero value. The error is an
// *[OptionError].
func NewHandler(issuerURL string, ring *KeyRing, opts *HandlerOptions) (*Handler, error) {
	o := *cmp.Or(opts, &HandlerOptions{})
	if ring == nil {
		return nil, optionErrorf("NewHandler", "ring", "must not be nil")
	}
	u, err := checkIssuerURL(issuerURL, o.InsecureLoopbackHTTP)
	if err != nil {
		return nil, &OptionError{"NewHandler", "issuerURL", err}
	}
	if o.Claims == nil {
		o.Claims = []string{"aud", "exp", "iat", "iss", "org", "sub"}
	}
	metadata, err := json.Marshal(struct {
		Issuer        string   `json:"issuer"`
		JWKSURI       string   `json:"jwks_uri"`
		ResponseTypes []string `json:"response_types_supported"`
		SubjectTypes  []string `json:"subject_types_supported"`
		Claims        []string `json:"claims_supported"`
	}{issuerURL, documentURL(issuerURL, jwksPath), []string{"id_token"}, []string{"public"}, o.Claims})
	if err != nil {
		return nil, fmt.Errorf("issuer: NewHandler: %w", err)
	}
	metadata = append(metadata[:len(metadata)-1], `,"id_token_signing_alg_values_supported":[`...)
	return &Handler{basePath: strings.TrimSuffix(u.Path, "/"), metadata: metadata, ring: ring}, nil
}

func (h *Handler) current() *documents {
	snapshot := h.ring.snapshotAt(time.Now())
	if d := h.cache.Load(); d != nil && d.snapshot == snapshot {
		return d
	}
	discovery := slices.Clone(h.metadata)
	for i, alg := range snapshot.algorithms { // the names need no escaping
		if i > 0 {
			discovery = append(discovery, ',')
		}
		discovery = strconv.AppendQuote(discovery, alg)
	}
	discovery = append(discovery, "]}"...)
	contentType := []string{"application/json"} // some clients do not know application/jwk-set+json
	cacheControl := []string{"public, max-age=" + strconv.Itoa(int(h.ring.maxAge/time.Second))}
	newDocument := func(body []byte, etag string) document {
		return document{body, []string{etag}, []string{strconv.Itoa(len(body))}, cacheControl, contentType}
	}
	d := &documents{
		snapshot:  snapshot,
		discovery: newDocument(discovery, entityTag(discovery)),
		jwks:      newDocument(snapshot.jwks, snapshot.etag),
	}
	h.cache.Store(d)
	return d
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, h.basePath)
	if !ok || path != discoveryPath && path != jwksPath {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	current := h.current()
	d := &current.discovery
	if path == jwksPath {
		d = &current.jwks
	}
	header["Etag"] = d.etag
	header["Cache-Control"] = d.cacheControl
	if matchesETag(r.Header["If-None-Match"], d.etag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header["Content-Type"] = d.contentType
	header["Content-Length"] = d.length
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(d.body) // fails if the client has gone
}

// matchesETag reports whether an If-None-Match header matches etag by the weak comparison of RFC
// 9110 section 13.1.2.
func matchesETag(header []string, etag string) bool {
	for _, line := range header {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
				return true
			}
		}
	}
	return false
}

// Documents returns the current documents by their path below the issuer URL:
// ".well-known/openid-configuration" and ".well-known/jwks.json". Upload them to an object store or
// a CDN, with the Content-Type application/json and the Cache-Control "public, max-age=N", where N
// is [KeyRingOptions.MaxAge] in seconds.
//
// Upload them again:
//   - after [KeyRing.Publish], within [KeyRingOptions.Wait] minus MaxAge (by default a minute), because
//     a cache may have fetched the old documents just before
//   - after [KeyRing.Remove]
//   - when a key is removed, see [KeyStatus]
func (h *Handler) Documents() map[string][]byte {
	d := h.current()
	return map[string][]byte{
		discoveryPath[1:]: slices.Clone(d.discovery.body),
		jwksPath[1:]:      slices.Clone(d.jwks.body),
	}
}
