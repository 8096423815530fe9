package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
	"github.com/onafed/onafed/internal/fakenet"
)

const (
	testRole        = "arn:aws:iam::123456789012:role/deploy"
	testProvider    = "arn:aws:iam::123456789012:oidc-provider/example.com"
	nextRole        = "arn:aws:iam::210987654321:role/next" // trusts testRole, with an external ID
	buildRole       = "arn:aws:iam::123456789012:role/build"
	testOrg         = "0191e223-1c3c-7607-badf-303c98b52d2f"
	testProject     = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	testEnvironment = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	testAPIKey      = "ona-api-key-of-the-test-0123456789"
	testIssuer      = "https://example.com"
	otherIssuer     = "https://other.example.com"
)

// world has everything outside of the program: two issuers, the Ona API, an STS and an IAM. The
// issuers and the API use https, and are reached through a proxy.
type world struct {
	ring, other *issuer.KeyRing
	sts         *awsfedtest.STS
	stsURL      string
	iamURL      string
	proxyURL    string
	ca          []byte
	policy      string // the role's trust policy

	mu      sync.Mutex // guards the fields below
	clients []string   // the client IDs of the identity provider in IAM, which does not exist without one
	secrets []string   // the keys that STS issued, and the passwords of ECR
	issued  int        // passwords of ECR
	sent    url.Values // the parameters of the last AssumeRoleWithWebIdentity
	during  func()     // called while a request of the program is being answered
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{during: func() {}, clients: []string{idp.AudienceAWS}}
	var site, otherSite http.Handler
	w.ring, site = newIssuer(tb, testIssuer)
	w.other, otherSite = newIssuer(tb, otherIssuer)
	mux := http.NewServeMux()
	mux.Handle("/", site)
	mux.HandleFunc("POST /api/gitpod.v1.IdentityService/GetIDToken", w.api)
	internet, err := fakenet.New(tb.TempDir(), map[string]http.Handler{"example.com": mux, "other.example.com": otherSite})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(internet.Close)
	w.proxyURL = internet.Proxy
	if w.ca, err = os.ReadFile(internet.CAFile); err != nil {
		tb.Fatal(err)
	}

	policy, err := trust.Build(trust.Rule{Account: "123456789012", Issuer: testIssuer, Organization: testOrg})
	if err != nil {
		tb.Fatal(err)
	}
	w.policy = policy.String()
	w.sts, err = awsfedtest.NewSTS(&awsfedtest.STSOptions{
		HTTPClient:  internet.Client(),
		MinDuration: time.Second,
		Providers:   []awsfedtest.Provider{{URL: testIssuer, ClientIDs: []string{idp.AudienceAWS}, Account: "123456789012"}},
		Roles:       []awsfedtest.Role{{ARN: testRole, TrustPolicy: policy}, {ARN: buildRole, TrustPolicy: policy}, {ARN: nextRole, TrustPolicy: nextPolicy(tb)}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	w.sts.Handle("ecr", http.HandlerFunc(w.ecr))
	w.stsURL = serve(tb, http.HandlerFunc(w.recordSTS))
	w.iamURL = serve(tb, http.HandlerFunc(w.iam))
	return w
}

// nextPolicy returns the trust policy of nextRole.
func nextPolicy(tb testing.TB) trust.Policy {
	tb.Helper()
	policy, err := trust.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + testRole + `"},` +
		`"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"sts:ExternalId":"a,b"}}}]}`))
	if err != nil {
		tb.Fatal(err)
	}
	return policy
}

func serve(tb testing.TB, h http.Handler) string {
	tb.Helper()
	server := httptest.NewServer(h)
	tb.Cleanup(server.Close)
	return server.URL
}

func newIssuer(tb testing.TB, url string) (*issuer.KeyRing, http.Handler) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := issuer.NewSigner(key, nil)
	if err != nil {
		tb.Fatal(err)
	}
	ring, err := issuer.NewKeyRing(nil)
	if err != nil {
		tb.Fatal(err)
	}
	if err := ring.Publish(signer); err != nil {
		tb.Fatal(err)
	}
	handler, err := issuer.NewHandler(url, ring, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return ring, handler
}

// token returns a V2 token of an environment with some claims changed; nil removes a claim. The
// issuer that the claims name signs it.
func (w *world) token(tb testing.TB, change map[string]any) string {
	tb.Helper()
	now := time.Now()
	all := map[string]any{
		"iss": testIssuer, "aud": idp.AudienceAWS, "org": testOrg,
		"sub": "org:" + testOrg + "/prj:" + testProject + "/env:" + testEnvironment,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(all, change)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	ring := w.ring
	if all["iss"] == otherIssuer {
		ring = w.other
	}
	raw, err := ring.Sign(tb.Context(), all)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// api is the part of the Ona API that issues tokens.
func (w *world) api(rw http.ResponseWriter, r *http.Request) {
	w.seen()
	rw.Header().Set("Content-Type", "application/json")
	if r.Header.Get("Authorization") != "Bearer "+testAPIKey {
		rw.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(rw, `{"code":"unauthenticated","message":"the bearer is `+"\\u001b[2J"+`unknown"}`)
		return
	}
	var asked struct{ Audience []string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	var aud any = asked.Audience
	if len(asked.Audience) == 1 {
		aud = asked.Audience[0]
	}
	now := time.Now()
	raw, err := w.ring.Sign(r.Context(), map[string]any{
		"iss": testIssuer, "aud": aud, "org": testOrg, "sub": "org:" + testOrg + "/env:" + testEnvironment, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		rw.WriteHeader(http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(rw, `{"token":%q}`, raw)
}

func (w *world) seen() {
	w.mu.Lock()
	during := w.during
	w.mu.Unlock()
	during()
}

// recordSTS is the STS. It records the parameters that it gets, and the secrets that it issues.
func (w *world) recordSTS(rw http.ResponseWriter, r *http.Request) {
	w.seen()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") == "AssumeRoleWithWebIdentity" {
		w.mu.Lock()
		w.sent = form
		w.mu.Unlock()
	}
	recorder := httptest.NewRecorder()
	// The STS gets the request of this server, because it checks the address.
	w.sts.ServeHTTP(recorder, r)
	var answer struct {
		Secret string                                         `xml:"AssumeRoleWithWebIdentityResult>Credentials>SecretAccessKey"`
		Token  string                                         `xml:"AssumeRoleWithWebIdentityResult>Credentials>SessionToken"`
		Next   struct{ SecretAccessKey, SessionToken string } `xml:"AssumeRoleResult>Credentials"`
	}
	if err := xml.Unmarshal(recorder.Body.Bytes(), &answer); err == nil {
		w.mu.Lock()
		for _, secret := range []string{answer.Secret, answer.Token, answer.Next.SecretAccessKey, answer.Next.SessionToken} {
			if secret != "" {
				w.secrets = append(w.secrets, secret)
			}
		}
		w.mu.Unlock()
	}
	maps.Copy(rw.Header(), recorder.Header())
	rw.WriteHeader(recorder.Code)
	rw.Write(recorder.Body.Bytes())
}

// iam is an IAM with one role and its identity provider.
func (w *world) iam(rw http.ResponseWriter, r *http.Request) {
	w.seen()
	w.mu.Lock()
	clients := w.clients
	w.mu.Unlock()
	rw.Header().Set("Content-Type", "text/xml")
	refuse := func(status int, code string) {
		rw.WriteHeader(status)
		fmt.Fprintf(rw, `<ErrorResponse><Error><Code>%s</Code><Message>refused</Message></Error></ErrorResponse>`, code)
	}
	switch action := r.FormValue("Action"); {
	case !strings.Contains(r.Header.Get("Authorization"), "/iam/aws4_request"):
		refuse(http.StatusForbidden, "MissingAuthenticationToken")
	case action == "GetRole" && r.FormValue("RoleName") == "deploy":
		fmt.Fprintf(rw, `<GetRoleResponse><GetRoleResult><Role><RoleName>deploy</RoleName><Arn>%s</Arn><MaxSessionDuration>3600</MaxSessionDuration><AssumeRolePolicyDocument>%s</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>`,
			testRole, url.PathEscape(w.policy))
	case action == "GetOpenIDConnectProvider" && r.FormValue("OpenIDConnectProviderArn") == testProvider && len(clients) > 0:
		fmt.Fprintf(rw, `<GetOpenIDConnectProviderResponse><GetOpenIDConnectProviderResult><Url>example.com</Url><ClientIDList><member>%s</member></ClientIDList></GetOpenIDConnectProviderResult></GetOpenIDConnectProviderResponse>`,
			strings.Join(clients, "</member><member>"))
	default:
		refuse(http.StatusNotFound, "NoSuchEntity")
	}
}

// ecr is the API of ECR. The STS has checked the signature.
func (w *world) ecr(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.issued++
	password := fmt.Sprintf("the-password-%d", w.issued)
	w.secrets = append(w.secrets, password)
	rw.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if r.Header.Get("X-Amz-Target") != "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken" {
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	fmt.Fprintf(rw, `{"authorizationData":[{"authorizationToken":%q,"expiresAt":%d}]}`,
		base64.StdEncoding.EncodeToString([]byte("AWS:"+password)), time.Now().Add(12*time.Hour).Unix())
}
