package oidccheck

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/idp/issuer"
	"github.com/onafed/onafed/internal/httpjson"
	"github.com/onafed/onafed/internal/jose"
	"github.com/onafed/onafed/internal/quote"
)

// maxKeySet is the largest key set in bytes. A set of 200 keys with certificates has some 400 KiB.
const maxKeySet = 1 << 20

// url checks the issuer URL. IAM accepts a URL of a provider only with https, a host and a path,
// and STS must be able to reach it.
func (c *checker) url() {
	u, err := url.Parse(c.issuer)
	if err != nil || u.Host == "" {
		c.fail("issuer-url", "The issuer "+quote.Text(c.issuer, maxURL)+" is not an absolute URL.", "Use a URL such as https://issuer.example.")
		return
	}
	if u.Scheme != "https" {
		c.fail("issuer-https", "The issuer is "+quote.Text(u.Scheme, maxShown)+", not https.", "Serve the issuer with TLS: IAM accepts https only.")
	}
	if u.Port() != "" {
		c.fail("issuer-port", "The issuer URL has a port.", "Serve it on port 443 and omit the port from iss.")
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil {
		c.fail("issuer-query", "The issuer URL has a query, a fragment or a user name.", "Use a scheme, a host and a path only.")
	}
	if strings.HasSuffix(u.Path, "/") {
		c.warn("issuer-slash", "The issuer URL ends with a slash.", "The slash becomes part of the provider ARN and of every condition key. Omit it unless tokens have it already.")
	}
	if !public(u.Hostname()) {
		c.fail("issuer-private", "The host "+quote.Text(u.Hostname(), maxShown)+" is not reachable from the internet.",
			"STS fetches the documents itself: serve them from a public host, for example from a bucket behind a CDN (see issuer.Handler.Documents).")
	}
}

// public reports whether a host may be reachable from the internet.
func public(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return !ip.IsLoopback() && !ip.IsPrivate() && !ip.IsLinkLocalUnicast() && !ip.IsUnspecified()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	private := []string{".localhost", ".local", ".internal", ".test", ".invalid"}
	isPrivate := slices.ContainsFunc(private, func(suffix string) bool { return strings.HasSuffix(host, suffix) })
	return strings.Contains(host, ".") && !isPrivate
}

// slow adds a finding if it took long to fetch a document.
func (c *checker) slow(document string, took time.Duration) {
	rounded := took.Round(10 * time.Millisecond).String()
	report := c.warn
	if took > stsTimeout {
		report = c.fail
	}
	if took > slowAfter {
		report("slow", "The "+document+" took "+rounded+".", "STS gives up after about 5 s: serve the document from memory or from a CDN.")
	}
}

// discovery returns the discovery document, or nil if it cannot be used.
func (c *checker) discovery(ctx context.Context) *issuer.Metadata {
	start := time.Now()
	m, err := issuer.Discover(ctx, c.issuer, &issuer.DiscoverOptions{
		HTTPClient: c.o.HTTPClient, InsecureLoopbackHTTP: c.o.InsecureLoopbackHTTP, Timeout: 2 * stsTimeout,
	})
	c.slow("discovery document", time.Since(start))
	if mismatch, ok := errors.AsType[*issuer.MismatchError](err); ok {
		c.fail("discovery-issuer", "The discovery document names the issuer "+quote.Text(mismatch.Discovered, maxURL)+".",
			"Its issuer must equal the registered URL and iss byte for byte, slashes and letter case included.")
		return nil
	}
	if err != nil {
		location := strings.TrimSuffix(c.issuer, "/") + "/.well-known/openid-configuration"
		status := 0
		if e, ok := errors.AsType[*issuer.FetchError](err); ok {
			status = e.StatusCode
		}
		c.fail("discovery", "Cannot fetch the discovery document: "+err.Error()+".", fetchFix(err, status, quote.Text(location, maxURL)))
		return nil
	}
	c.metadata(m)
	return m
}

// fetchFix returns what to do if a document cannot be fetched from a location. status is that of
// the response, or 0 if it is not the reason.
func fetchFix(err error, status int, location string) string {
	_, isURL := errors.AsType[*httpjson.URLError](err)
	_, noAnswer := errors.AsType[*httpjson.TransportError](err)
	switch {
	case isURL:
		return "Correct the URL."
	case noAnswer:
		return "Check that the server runs and that its name, port and certificate are correct: STS connects to it from the internet."
	case status >= http.StatusInternalServerError:
		return "Look for the error in the logs of the server, and of a proxy in front of it."
	case status == http.StatusTooManyRequests:
		return "Raise the limit for requests on the server."
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "Serve it at " + location + " without authentication."
	default:
		return "Serve it at " + location + " with status 200, as JSON, and without a redirect to another host."
	}
}

// metadata checks the members that AWS requires in a discovery document ("Create an OpenID Connect
// identity provider in IAM", prerequisites).
func (c *checker) metadata(m *issuer.Metadata) {
	if m.Claims == nil {
		c.fail("discovery-claims", "claims_supported is missing.", "List the claims, at least aud, iat, iss and sub.")
	} else {
		for _, name := range []string{"aud", "iat", "iss", "sub"} {
			if !slices.Contains(m.Claims, name) {
				c.warn("discovery-claims", "claims_supported does not list "+name+".", "Add it: STS needs the claim.")
			}
		}
	}
	if !slices.ContainsFunc(m.ResponseTypes, func(s string) bool { return slices.Contains(strings.Fields(s), "id_token") }) {
		c.fail("discovery-response-types", "response_types_supported does not list id_token.", "Add it.")
	}
	if !slices.Contains(m.SubjectTypes, "public") {
		c.fail("discovery-subject-types", "subject_types_supported does not list public.", "Add it.")
	}
	if !slices.ContainsFunc(m.Algorithms, supported) {
		c.fail("discovery-algorithms", "id_token_signing_alg_values_supported lists none of "+strings.Join(jose.Names(), ", ")+".", "Sign with one of them and list it.")
	}
}

// supported reports whether STS accepts an algorithm.
func supported(alg string) bool {
	_, ok := jose.Lookup(alg)
	return ok
}

// keys returns the usable keys of the issuer, or nil if the key set cannot be used.
func (c *checker) keys(ctx context.Context, m *issuer.Metadata) []jose.Key {
	start := time.Now()
	resp, err := httpjson.Do(ctx, httpjson.Request{
		Client: c.o.HTTPClient, URL: m.JWKSURI, Limit: maxKeySet, Timeout: 2 * stsTimeout, InsecureLoopbackHTTP: c.o.InsecureLoopbackHTTP,
	})
	c.slow("key set", time.Since(start))
	status := 0
	if err == nil && resp.StatusCode != http.StatusOK {
		status = resp.StatusCode
		err = fmt.Errorf("the server responded with status %d", status)
	}
	if err != nil {
		c.fail("keys", "Cannot fetch the key set: "+err.Error()+".", fetchFix(err, status, "the jwks_uri"))
		return nil
	}
	set, err := jose.ParseSet(resp.Body)
	if err != nil {
		c.fail("keys", "Cannot read the key set: "+err.Error()+".", "Serve a JSON Web Key Set with at most 100 RSA keys and 100 ECDSA keys.")
		return nil
	}
	if len(set.Keys) == 0 {
		c.fail("keys-none", "The key set has no key for RS256, RS384, RS512, ES256, ES384 or ES512.", "Publish an RSA key of 2048 bits or more, or an ECDSA key on P-256, P-384 or P-521.")
	}
	if set.Skipped > 0 {
		c.warn("keys-skipped", strconv.Itoa(set.Skipped)+" entries of the key set cannot be used.", "Remove them, and give each key its own kid.")
	}
	if slices.ContainsFunc(set.Keys, func(k jose.Key) bool { return k.ID == "" }) && len(set.Keys) > 1 {
		c.warn("keys-kid", "The key set has several keys, and not all have a kid.", "Give each key a kid, and write it to the header of the tokens.")
	}
	return set.Keys
}
