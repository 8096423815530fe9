package issuer

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/onafed/onafed/internal/httpjson"
	"github.com/onafed/onafed/internal/jose"
)

const (
	discoveryPath = "/.well-known/openid-configuration"
	jwksPath      = "/.well-known/jwks.json"
)

// Metadata is the discovery document of an issuer (OpenID Connect Discovery 1.0, section 3).
// Members that are absent are zero.
type Metadata struct {
	Issuer        string   // issuer
	JWKSURI       string   // jwks_uri: the URL of the keys
	Algorithms    []string // id_token_signing_alg_values_supported
	ResponseTypes []string // response_types_supported
	SubjectTypes  []string // subject_types_supported
	Claims        []string // claims_supported
}

// parseMetadata parses a discovery document. The members issuer and jwks_uri are required; their values
// are not checked.
func parseMetadata(data []byte) (*Metadata, error) {
	members, err := jose.Members(data)
	if err != nil {
		return nil, err
	}
	var m Metadata
	for _, member := range []struct {
		name     string
		value    any
		required bool
	}{
		{"issuer", &m.Issuer, true},
		{"jwks_uri", &m.JWKSURI, true},
		{"id_token_signing_alg_values_supported", &m.Algorithms, false},
		{"response_types_supported", &m.ResponseTypes, false},
		{"subject_types_supported", &m.SubjectTypes, false},
		{"claims_supported", &m.Claims, false},
	} {
		raw, ok := members[member.name]
		if !ok || string(raw) == "null" {
			if member.required {
				return nil, errors.New(member.name + " is missing")
			}
			continue
		}
		if json.Unmarshal(raw, member.value) != nil {
			return nil, errors.New(member.name + " has the wrong type")
		}
	}
	return &m, nil
}

// documentURL returns the URL of a document of an issuer. A slash at the end of the issuer URL is
// not repeated (Discovery 1.0, section 4).
func documentURL(issuerURL, path string) string { return strings.TrimSuffix(issuerURL, "/") + path }

// checkIssuerURL parses an issuer URL. It returns an error if the URL is not https, or has a query or
// a fragment.
func checkIssuerURL(raw string, insecureLoopback bool) (*url.URL, error) {
	u, err := httpjson.CheckURL(raw, insecureLoopback)
	if err == nil && (u.RawQuery != "" || u.ForceQuery) {
		err = errors.New("the URL of an issuer must not have a query")
	}
	return u, err
}
