package issuer

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

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/httpjson"
	"github.com/onafed/onafed/internal/jose"
	"github.com/onafed/onafed/internal/quote"
)

const (
	// awsPatience is how long STS is reported to wait for an issuer before it says that it could not retrieve the key.
	awsPatience = 5 * time.Second
	// awsSlow is where we begin to say so: STS is farther away than we are.
	awsSlow = 2 * time.Second
	// awsGrace is how long after exp STS takes a token. A [Verifier] has no more leeway either, so a [KeyRing] keeps a key for it.
	awsGrace = 5 * time.Minute
	// maxSub is the length that OpenID Connect Core allows a sub, and the STS API its SubjectFromWebIdentityToken.
	maxSub = 255
	// maxAudience is the longest client id that an IAM identity provider can hold.
	maxAudience = 255
)

// A Severity is how bad a [Finding] is.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"   // AWS refuses this, by its documentation
	SeverityWarning Severity = "warning" // it may fail, or is unwise
)

// A Finding is one thing that stands between an issuer or a token and AWS.
type Finding struct {
	ID       string   // stable, such as "issuer-port"
	Severity Severity // error or warning
	Message  string   // what is the case
	Fix      string   // what to do
}

// String is "error issuer-port: <message> Fix: <fix>".
func (f Finding) String() string {
	return string(f.Severity) + " " + f.ID + ": " + f.Message + " Fix: " + f.Fix
}

// CheckAWSOptions are the choices of [CheckAWS]. The zero value is fit for use.
type CheckAWSOptions struct {
	// HTTPClient sends the requests; nil means http.DefaultClient.
	HTTPClient *http.Client
	// InsecureLoopbackHTTP lets an issuer at http://127.0.0.1 be looked at. That AWS cannot use it is a finding all the same.
	InsecureLoopbackHTTP bool
	// Audience is what the token's audience should be; "" means [idp.AudienceAWS].
	Audience string
}

// CheckAWS looks at an issuer, and at a token of it unless rawToken is "", as AWS STS does, and returns what would go wrong, each
// with its remedy; none is a good sign. STS says little when it refuses a token, and what it says is not in CloudTrail. The checks are of
// what AWS documents; whether IAM knows the provider and the trust policy admits the token is not looked at.
//
// The error is that of a context that ended. The findings never contain the token, and of its sub only what is no personal data.
func CheckAWS(ctx context.Context, issuerURL, rawToken string, opts *CheckAWSOptions) ([]Finding, error) {
	c := &awsCheck{issuer: issuerURL}
	if opts != nil {
		c.o = *opts
	}
	if c.o.Audience == "" {
		c.o.Audience = idp.AudienceAWS
	}
	c.url()
	meta := c.discovery(ctx)
	var keys []jose.Key
	if meta != nil {
		keys = c.keys(ctx, meta)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if rawToken != "" {
		c.token(rawToken, meta, keys)
	}
	return c.found, nil
}

type awsCheck struct {
	issuer string
	o      CheckAWSOptions
	found  []Finding
}

func (c *awsCheck) bad(id, message, fix string) {
	c.found = append(c.found, Finding{ID: id, Severity: SeverityError, Message: message, Fix: fix})
}

func (c *awsCheck) warn(id, message, fix string) {
	c.found = append(c.found, Finding{ID: id, Severity: SeverityWarning, Message: message, Fix: fix})
}

func (c *awsCheck) url() {
	u, err := url.Parse(c.issuer)
	if err != nil || u.Host == "" {
		c.bad("issuer-url", "The issuer "+quote.Text(c.issuer, maxURL)+" is not an absolute URL.", "Use a URL such as https://issuer.example.")
		return
	}
	if u.Scheme != "https" {
		c.bad("issuer-https", "The issuer is "+quote.Text(u.Scheme, maxShown)+", not https.", "Serve the issuer with TLS; AWS registers https issuers only.")
	}
	if u.Port() != "" {
		c.bad("issuer-port", "The issuer's URL has a port.", "Serve it on port 443 and leave the port out of iss.")
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil {
		c.bad("issuer-query", "The issuer's URL has a query, a fragment or a user name.", "Use scheme, host and path only.")
	}
	if strings.HasSuffix(u.Path, "/") {
		c.warn("issuer-slash", "The issuer's URL ends in a slash.", "It becomes part of the provider's ARN and of every condition key; leave it away unless tokens have it already.")
	}
	if !public(u.Hostname()) {
		c.bad("issuer-private", "The host "+quote.Text(u.Hostname(), maxShown)+" cannot be reached from the internet.",
			"STS fetches the documents itself: serve them from a public host, for example from a bucket behind a CDN (Handler.Documents).")
	}
}

func public(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return !ip.IsLoopback() && !ip.IsPrivate() && !ip.IsLinkLocalUnicast() && !ip.IsUnspecified()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, suffix := range []string{".localhost", ".local", ".internal", ".test", ".invalid"} {
		if strings.HasSuffix(host, suffix) {
			return false
		}
	}
	return strings.Contains(host, ".")
}

func (c *awsCheck) slow(what string, took time.Duration) {
	rounded := took.Round(10 * time.Millisecond).String()
	switch {
	case took > awsPatience:
		c.bad("slow", "The "+what+" took "+rounded+".", "STS gives up after about 5 s: serve it from memory or from a CDN.")
	case took > awsSlow:
		c.warn("slow", "The "+what+" took "+rounded+".", "STS gives up after about 5 s: serve it from memory or from a CDN.")
	}
}

func (c *awsCheck) discovery(ctx context.Context) *Metadata {
	start := time.Now()
	m, err := Discover(ctx, c.issuer, &DiscoverOptions{
		HTTPClient: c.o.HTTPClient, InsecureLoopbackHTTP: c.o.InsecureLoopbackHTTP, Timeout: 2 * awsPatience,
	})
	c.slow("discovery document", time.Since(start))
	var mismatch *MismatchError
	switch {
	case errors.As(err, &mismatch):
		c.bad("discovery-issuer", "The discovery document is of the issuer "+quote.Text(mismatch.Discovered, maxURL)+".",
			"Its issuer must equal the registered URL and iss byte for byte, slashes and letter case included.")
		return nil
	case err != nil:
		c.bad("discovery", "The discovery document cannot be had: "+err.Error()+".", "Serve it at "+quote.Text(wellKnown(c.issuer, discoveryPath), maxURL)+", to everyone.")
		return nil
	}
	if m.Claims == nil {
		c.bad("discovery-claims", "claims_supported is missing.", "List the claims, at least aud, iat, iss and sub.")
	} else {
		for _, name := range []string{"aud", "iat", "iss", "sub"} {
			if !slices.Contains(m.Claims, name) {
				c.warn("discovery-claims", "claims_supported does not list "+name+".", "Add it: STS needs the claim.")
			}
		}
	}
	if !slices.ContainsFunc(m.ResponseTypes, func(s string) bool { return slices.Contains(strings.Fields(s), "id_token") }) {
		c.bad("discovery-response-types", "response_types_supported does not list id_token.", "Add it.")
	}
	if !slices.Contains(m.SubjectTypes, "public") {
		c.bad("discovery-subject-types", "subject_types_supported does not list public.", "Add it.")
	}
	if !slices.ContainsFunc(m.Algorithms, supported) {
		c.bad("discovery-algorithms", "id_token_signing_alg_values_supported lists none of "+strings.Join(jose.Names(), ", ")+".", "Sign with one of them and list it.")
	}
	return m
}

func supported(alg string) bool {
	_, ok := jose.Lookup(alg)
	return ok
}

func (c *awsCheck) keys(ctx context.Context, m *Metadata) []jose.Key {
	start := time.Now()
	resp, err := httpjson.Do(ctx, httpjson.Request{
		Client: c.o.HTTPClient, URL: m.JWKSURI, Limit: maxKeySet, Timeout: 2 * awsPatience, InsecureLoopbackHTTP: c.o.InsecureLoopbackHTTP,
	})
	c.slow("key set", time.Since(start))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the server answered %d", resp.StatusCode)
	}
	if err != nil {
		c.bad("keys", "The key set cannot be had: "+err.Error()+".", "Serve it at the jwks_uri, to everyone.")
		return nil
	}
	set, err := jose.ParseSet(resp.Body)
	if err != nil {
		c.bad("keys", "The key set cannot be read: "+err.Error()+".", "Serve a JSON Web Key Set with 1 to 100 keys of a kind.")
		return nil
	}
	if len(set.Keys) == 0 {
		c.bad("keys-none", "The key set has no key for RS256, RS384, RS512, ES256, ES384 or ES512.", "Publish one: RSA of 2048 bits or more, or P-256, P-384, P-521.")
	}
	if set.Skipped > 0 {
		c.warn("keys-skipped", strconv.Itoa(set.Skipped)+" entries of the key set are not usable.", "Leave them out, and give each key a kid of its own.")
	}
	if slices.ContainsFunc(set.Keys, func(k jose.Key) bool { return k.ID == "" }) && len(set.Keys) > 1 {
		c.warn("keys-kid", "There are several keys and not all have a kid.", "Give each a kid, and name it in the tokens.")
	}
	return set.Keys
}
