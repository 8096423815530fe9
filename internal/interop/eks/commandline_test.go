package eks_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/aws-iam-authenticator/pkg/token"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/interop/program"
)

const guide = "../../../docs/kubernetes.md"

// A commandLine is the program onafed with the variables in which it finds a role.
type commandLine struct {
	dir    string // its home folder, with the folder bin
	config string // the path of the configuration of kubectl
	env    []string
}

// newCommandLine builds the program, and makes a configuration of kubectl with the context of a
// cluster and without a user.
func newCommandLine(t *testing.T, w *world) *commandLine {
	t.Helper()
	dir := t.TempDir()
	c := &commandLine{dir: dir, config: filepath.Join(dir, "config")}
	tok, err := w.Issuer.TokenSource("sts.amazonaws.com").Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte(tok.Raw()), 0o600); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"onafed": program.Build(t, "../../..", "./cmd/onafed"), "kubectl": executable} {
		if err := os.Symlink(target, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	kubectl, err := filepath.Abs(debianKubectl)
	if err != nil {
		t.Fatal(err)
	}
	c.env = []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + dir, "XDG_CACHE_HOME=" + filepath.Join(dir, "cache"), "KUBECONFIG=" + c.config, "NO_PROXY=127.0.0.1", kubectlPath + "=" + kubectl,
		"AWS_ENDPOINT_URL_STS=" + awsfedtest.Start(t, w.STS), "AWS_REGION=" + region, "AWS_EC2_METADATA_DISABLED=true",
	}
	return c
}

// run runs commands in a shell and returns their output.
func (c *commandLine) run(t *testing.T, commands string, env ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", commands)
	cmd.Dir, cmd.Env = c.dir, append(c.env, env...)
	out, err := program.Run(cmd)
	if err != nil {
		t.Fatalf("%s: %v", commands, err)
	}
	return string(out)
}

// The commands of the guide install the command line as a plugin: kubectl 1.20 and client-go use it
// with v1beta1, and client-go with v1. All of them share one session of the role.
func TestCommandLine(t *testing.T) {
	program.Need(t, debianKubectl)
	w := newWorld(t)
	w.Verifier = token.NewVerifier("prod", "aws", region)
	s := newServer(t, w)
	c := newCommandLine(t, w)
	start := api.NewConfig()
	start.Clusters["prod"] = &api.Cluster{Server: s.URL, CertificateAuthorityData: s.pem()}
	start.Contexts["prod"] = &api.Context{Cluster: "prod"}
	start.CurrentContext = "prod"
	if err := clientcmd.WriteToFile(*start, c.config); err != nil {
		t.Fatal(err)
	}
	block := program.Block(t, guide, "console", "aws eks-token")
	if out := c.run(t, program.Commands(block), "ONAFED_TOKEN_FILE="+filepath.Join(c.dir, "token")); !strings.Contains(out, "kube-system") {
		t.Errorf("the commands of the guide print %q, want the namespaces", out)
	}
	s.wantRoles(t)

	config, err := clientcmd.LoadFromFile(c.config)
	if err != nil {
		t.Fatal(err)
	}
	for _, variable := range c.env {
		name, value, _ := strings.Cut(variable, "=")
		config.AuthInfos["prod"].Exec.Env = append(config.AuthInfos["prod"].Exec.Env, api.ExecEnvVar{Name: name, Value: value})
	}
	for _, version := range []string{"v1beta1", "v1"} {
		plugin := config.AuthInfos["prod"].Exec
		plugin.APIVersion, plugin.InteractiveMode = "client.authentication.k8s.io/"+version, api.NeverExecInteractiveMode
		rest, err := clientcmd.NewDefaultClientConfig(*config, nil).ClientConfig()
		if err != nil {
			t.Fatal(err)
		}
		client, err := discovery.NewDiscoveryClientForConfig(rest)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := client.ServerVersion(); err != nil || got.GitVersion != "v1.34.0" {
			t.Errorf("%s: ServerVersion = %v, %v, want v1.34.0", version, got, err)
		}
	}
	s.wantRoles(t)
	sessions := 0
	for _, call := range w.STS.Calls() {
		if call.Action == "AssumeRoleWithWebIdentity" {
			sessions++
		}
	}
	if sessions != 1 {
		t.Errorf("%d sessions for all uses of the plugin, want 1", sessions)
	}
}

// The command prints what "aws eks get-token" prints with the same credentials.
func TestCommandLineSameFieldsAsTheCLI(t *testing.T) {
	const aws = "/usr/bin/aws" // Debian's
	program.Need(t, aws)
	w := newWorld(t)
	c := newCommandLine(t, w)
	const role = " --token-file token --role-arn " + roleARN
	ours := c.run(t, "onafed aws eks-token --cluster "+cluster+role)
	var keys struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	if err := json.Unmarshal([]byte(c.run(t, "onafed aws credential-process"+role)), &keys); err != nil {
		t.Fatal(err)
	}
	theirs := c.run(t, aws+" eks get-token --cluster-name "+cluster, "AWS_DEFAULT_REGION="+region, "AWS_PAGER=",
		"AWS_ACCESS_KEY_ID="+keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+keys.SecretAccessKey, "AWS_SESSION_TOKEN="+keys.SessionToken)
	sameFields(t, []byte(theirs), []byte(ours))
}

// A token does not outlive its credentials, and the command says so to kubectl.
func TestCommandLineShortSession(t *testing.T) {
	const life = 30 * time.Second
	w := newWorld(t)
	provider, err := trust.ProviderARN("aws", "123456789012", w.Issuer.URL)
	if err != nil {
		t.Fatal(err)
	}
	policy := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
		Effect: trust.Allow, Principal: trust.Principal{Federated: []string{provider}}, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		Conditions: []trust.Condition{{Operator: "StringEquals", Key: trust.ConditionKey(w.Issuer.URL, "aud"), Values: []string{"sts.amazonaws.com"}}},
	}}}
	w.STS, err = awsfedtest.NewSTS(&awsfedtest.STSOptions{
		HTTPClient:  w.Issuer.Client(),
		Providers:   []awsfedtest.Provider{{URL: w.Issuer.URL, ClientIDs: []string{"sts.amazonaws.com"}, Account: "123456789012"}},
		Roles:       []awsfedtest.Role{{ARN: roleARN, TrustPolicy: policy, MaxSessionDuration: life}},
		MinDuration: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	out := newCommandLine(t, w).run(t, "onafed aws eks-token --cluster prod --token-file token --role-arn "+roleARN)
	var c struct {
		Status struct{ ExpirationTimestamp time.Time }
	}
	if err := json.Unmarshal([]byte(out), &c); err != nil || time.Until(c.Status.ExpirationTimestamp) > 5*time.Minute {
		t.Errorf("the token expires at %s, %v, want the end of the session of %s, not 14 minutes", c.Status.ExpirationTimestamp, err, life)
	}
}
