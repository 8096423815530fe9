package gateway_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/internal/fakenet"
	"github.com/onafed/onafed/internal/interop/program"
)

const (
	// debianAWS is the AWS CLI of the package awscli: another one may be first in PATH.
	debianAWS = "/usr/bin/aws"
	// iamHost is the host of IAM, which this AWS CLI has no variable for.
	iamHost = "iam.amazonaws.com"
	// noThumbprint is for versions of the AWS CLI and of the gateway that require a thumbprint.
	noThumbprint = "--thumbprint=0000000000000000000000000000000000000000"

	bucketPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::*"}]}`
)

// An awsAccount runs the scripts of "onafed aws setup" with the AWS CLI, on a network with IAM and
// STS.
type awsAccount struct {
	net    *fakenet.Net
	dir    string // with the programs onafed and aws, and the home folder
	onafed string
	env    []string

	mu    sync.Mutex // guards calls
	calls []string   // the requests to IAM and their answers
}

func newAccount(t *testing.T, net *fakenet.Net, iam http.Handler, more ...string) *awsAccount {
	t.Helper()
	program.Need(t, debianAWS)
	a := &awsAccount{net: net, dir: t.TempDir()}
	a.onafed = program.Build(t, "../../..", "./cmd/onafed")
	if err := os.Symlink(debianAWS, filepath.Join(a.dir, "aws")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.dir, "permissions.json"), []byte(bucketPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	net.Handle(iamHost, a.record(iam))
	for _, host := range []string{"sts.amazonaws.com", "sts.us-east-1.amazonaws.com"} {
		net.Handle(host, http.HandlerFunc(callerIdentity))
	}
	a.env = append([]string{
		"PATH=" + a.dir + ":" + os.Getenv("PATH"), "HOME=" + a.dir, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "HTTPS_PROXY=" + net.Proxy, "NO_PROXY=127.0.0.1",
		"AWS_CA_BUNDLE=" + net.CAFile, "SSL_CERT_FILE=" + net.CAFile,
	}, more...)
	return a
}

// callerIdentity answers sts:GetCallerIdentity, which the gateway does not have.
func callerIdentity(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::%[1]s:user/admin</Arn><UserId>admin</UserId><Account>%[1]s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, account)
}

// record passes requests on, and keeps their parameters and the status of the answers. The gateway
// writes errors in the form of S3, in which AWS's clients find no code. They get IAM's form.
func (a *awsAccount) record(iam http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		iam.ServeHTTP(answer, r)
		form, err := url.ParseQuery(string(body))
		line := fmt.Sprintf("%d %s", answer.Code, form.Get("Action"))
		for _, name := range slices.Sorted(maps.Keys(form)) {
			if name != "Action" && name != "Version" {
				line += " " + name + "=" + form.Get(name)
			}
		}
		if err != nil {
			line = err.Error()
		}
		a.mu.Lock()
		a.calls = append(a.calls, line)
		a.mu.Unlock()
		text := answer.Body.Bytes()
		var refusal struct {
			XMLName xml.Name `xml:"Error"`
			Code    string
		}
		if err := xml.Unmarshal(text, &refusal); err == nil {
			text = fmt.Appendf(nil, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>no</Message></Error></ErrorResponse>`, refusal.Code)
		}
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(answer.Code)
		w.Write(text)
	})
}

// run runs a program in the folder of the account and returns its standard output.
func (a *awsAccount) run(t *testing.T, more []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = a.dir, append(slices.Clone(a.env), more...)
	out, err := program.Run(cmd)
	if err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		t.Fatalf("%v\n%s\n%s", err, out, strings.Join(a.calls, "\n"))
	}
	return string(out)
}

// setup writes the script of "onafed aws setup" with arguments and returns its path.
func (a *awsAccount) setup(t *testing.T, args ...string) string {
	t.Helper()
	args = append([]string{"aws", "setup", "--account", account, "--organization", idptest.OrganizationID, "--project", idptest.ProjectID}, args...)
	path := filepath.Join(a.dir, "setup.sh")
	if err := os.WriteFile(path, []byte(a.run(t, nil, a.onafed, args...)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// actions returns the actions of the calls since the last call of this method, with the status.
func (a *awsAccount) actions() (actions []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, call := range a.calls {
		status, rest, _ := strings.Cut(call, " ")
		action, _, _ := strings.Cut(rest, " ")
		actions = append(actions, status+" "+action)
	}
	a.calls = nil
	return actions
}

// TestSetup runs the script of "onafed aws setup" against the gateway's IAM two times, logs in
// through the role, uses the credentials with the AWS CLI, and asks doctor about the account.
func TestSetup(t *testing.T) {
	t.Parallel()
	w := newIssuer(t, "https://setup.example.com")
	target, err := url.Parse(w.cluster.URL)
	if err != nil {
		t.Fatal(err)
	}
	admin := []string{"AWS_ACCESS_KEY_ID=" + w.Admin.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + w.Admin.SecretAccessKey}
	// The header Host stays, because the signature covers it.
	a := newAccount(t, w.Net, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, iamHost
	}})
	const role = "arn:aws:iam::" + account + ":role/setup"
	script := a.setup(t, "--issuer", w.URL, "--role-name", "setup", "--max-session-duration", "7200",
		"--inline-policy", "permissions.json", noThumbprint,
		"--tag", "team=ci", "--more-action", "sts:TagSession") // the gateway, unlike AWS, requires it for roles with tags
	if got := a.run(t, admin, "sh", script); got != role+"\n" {
		t.Errorf("the script prints %q", got)
	}
	if diff := cmp.Diff([]string{
		"404 GetOpenIDConnectProvider", "200 CreateOpenIDConnectProvider", "404 GetRole", "200 CreateRole", "200 PutRolePolicy",
	}, a.actions()); diff != "" {
		t.Errorf("the first run (-want +got):\n%s", diff)
	}
	if got := a.run(t, admin, "sh", script); got != role+"\n" {
		t.Errorf("the second run prints %q", got)
	}
	if diff := cmp.Diff([]string{
		"200 GetOpenIDConnectProvider", "200 GetOpenIDConnectProvider", "200 GetOpenIDConnectProvider",
		"200 GetRole", "200 GetRole", "200 UpdateAssumeRolePolicy", "200 GetRole", "200 TagRole", "200 PutRolePolicy",
	}, a.actions()); diff != "" {
		t.Errorf("the second run (-want +got):\n%s", diff)
	}

	token, err := w.source().Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.dir, "token"), []byte(token.Raw()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.assume(t.Context(), role, token.Raw()); err != nil { // the first call of a subject is slow
		t.Fatal(err)
	}
	endpoints := []string{"AWS_ENDPOINT_URL_STS=" + w.cluster.URL, "AWS_ENDPOINT_URL_IAM=" + w.cluster.URL}
	a.run(t, endpoints, a.onafed, "idp", "login", "aws", "--role-arn", role, "--token-file", "token")
	a.run(t, nil, debianAWS, "s3api", "create-bucket", "--bucket", "setup", "--endpoint-url", w.cluster.URL)
	var buckets struct{ Buckets []struct{ Name string } }
	out := a.run(t, nil, debianAWS, "s3api", "list-buckets", "--endpoint-url", w.cluster.URL, "--output", "json")
	if err := json.Unmarshal([]byte(out), &buckets); err != nil || len(buckets.Buckets) != 1 || buckets.Buckets[0].Name != "setup" {
		t.Errorf("the buckets are %s, %v", out, err)
	}
	a.doctor(t, w.URL, role, slices.Concat(endpoints, admin))
}

// doctor requires "onafed doctor" to find the provider and the role as the script wrote them. The
// other checks of the command depend on the variables of this test.
func (a *awsAccount) doctor(t *testing.T, issuer, role string, env []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), a.onafed, "doctor", "--issuer", issuer, "--role-arn", role, "--token-file", "token", "--json")
	cmd.Dir, cmd.Env = a.dir, append(slices.Clone(a.env), env...)
	out, err := cmd.Output()
	var checks []struct{ Name, State, Detail string }
	if jsonErr := json.Unmarshal(out, &checks); jsonErr != nil {
		t.Fatalf("doctor: %v: %s", err, out)
	}
	got := make(map[string]string)
	for _, c := range checks {
		got[c.Name] += c.State + " " + c.Detail
	}
	for name, want := range map[string]string{
		"IAM provider": "ok " + issuer + ", with the audience sts.amazonaws.com",
		"trust policy": "ok allows the token",
		"IAM role":     "ok sessions of up to 2h0m0s",
	} {
		if got[name] != want {
			t.Errorf("doctor: %s: %s, want %s", name, got[name], want)
		}
	}
}

// TestSetupInExistingAccount runs the script against an IAM that has the provider and the role with
// other settings. The gateway refuses four of the commands that are then needed: adding a client ID,
// replacing the thumbprints, updating a role and attaching a policy.
func TestSetupInExistingAccount(t *testing.T) {
	t.Parallel()
	net, err := fakenet.New(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(net.Close)
	iam := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		result := ""
		switch r.FormValue("Action") {
		case "GetOpenIDConnectProvider":
			result = `<Url>app.gitpod.io</Url><ClientIDList><member>other</member></ClientIDList><ThumbprintList><member>1111111111111111111111111111111111111111</member></ThumbprintList>`
		case "GetRole":
			result = `<Role><Arn>arn:aws:iam::` + account + `:role/-x</Arn><RoleName>-x</RoleName><MaxSessionDuration>3600</MaxSessionDuration></Role>`
		}
		fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", r.FormValue("Action"), result)
	})
	a := newAccount(t, net, iam, "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=not-a-secret")
	const audience = "https://audience.example/a`b'c\"d$e"
	script := a.setup(t, "--role-name=-x", "--audience", audience, "--attach-policy", "arn:aws:iam::aws:policy/ReadOnlyAccess",
		"--max-session-duration", "43200", noThumbprint)
	if got, want := a.run(t, nil, "sh", script), "arn:aws:iam::"+account+":role/-x\n"; got != want {
		t.Errorf("the script prints %q, want %q", got, want)
	}
	const provider = "OpenIDConnectProviderArn=arn:aws:iam::" + account + ":oidc-provider/app.gitpod.io"
	var writes []string
	for _, call := range a.calls {
		if !strings.HasPrefix(call, "200 Get") && !strings.HasPrefix(call, "200 UpdateAssumeRolePolicy ") {
			writes = append(writes, call)
		}
	}
	if diff := cmp.Diff([]string{
		"200 AddClientIDToOpenIDConnectProvider ClientID=" + audience + " " + provider,
		"200 UpdateOpenIDConnectProviderThumbprint " + provider + " ThumbprintList.member.1=" + strings.Repeat("0", 40),
		"200 UpdateRole MaxSessionDuration=43200 RoleName=-x",
		"200 AttachRolePolicy PolicyArn=arn:aws:iam::aws:policy/ReadOnlyAccess RoleName=-x",
	}, writes); diff != "" {
		t.Errorf("the changes (-want +got):\n%s", diff)
	}
	if refused := net.Refused(); len(refused) > 0 {
		t.Errorf("a program tried to reach %q", refused)
	}
}
