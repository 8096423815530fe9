package eks_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"sigs.k8s.io/aws-iam-authenticator/pkg/token"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

const (
	cluster = "my-cluster"
	roleARN = "arn:aws:iam::123456789012:role/deploy"
	region  = "us-east-1"

	// asPlugin is the variable that makes the test's program a credential plugin.
	asPlugin = "ONAFED_TEST_EKS_PLUGIN"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "kubectl" {
		if err := kubectl(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(asPlugin) == "" {
		os.Exit(m.Run())
	}
	if err := plugin(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// plugin prints a token, signed with the credentials in the environment.
func plugin(ctx context.Context) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	tokens, err := authtoken.EKS(cfg, cluster)
	if err != nil {
		return err
	}
	t, err := tokens.Token(ctx)
	if err != nil {
		return err
	}
	out, err := authtoken.ExecCredential(t, os.Getenv("KUBERNETES_EXEC_INFO"))
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(out)
	return err
}

// A world has an STS, a role, and the verifier of a cluster that reaches only this STS.
type world struct {
	Issuer   *idptest.Issuer
	STS      *awsfedtest.STS
	Provider *awsfed.Provider
	Config   aws.Config
	Verifier token.Verifier
}

// newWorld replaces http.DefaultTransport, which the verifier uses, until the test ends.
func newWorld(t *testing.T) *world {
	t.Helper()
	iss := idptest.NewIssuer(t, nil)
	w := &world{Issuer: iss, STS: awsfedtest.New(t, iss, roleARN)}
	var err error
	w.Provider, err = awsfed.New(w.STS, roleARN, iss.TokenSource("sts.amazonaws.com"))
	if err != nil {
		t.Fatal(err)
	}
	w.Config = aws.Config{Region: region, Credentials: w.Provider}
	before := http.DefaultTransport
	http.DefaultTransport = w.STS.HTTPClient().Transport
	t.Cleanup(func() { http.DefaultTransport = before })
	w.Verifier = token.NewVerifier(cluster, "aws", region)
	return w
}

// environment returns the variables for a program with the credentials of the role.
func (w *world) environment(t *testing.T, more ...string) []string {
	t.Helper()
	c, err := w.Provider.CredentialsFor(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region, "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=",
		"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey, "AWS_SESSION_TOKEN=" + c.SessionToken,
	}, more...)
}

// raw returns the text of a new token.
func (w *world) raw(t *testing.T) string {
	t.Helper()
	tokens, err := authtoken.EKS(w.Config, cluster)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokens.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tok.Raw()
}
