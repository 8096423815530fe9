package flags_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/flags"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// TestErrorNamesFlags uses real errors of the library, so that a renamed option is found.
func TestErrorNamesFlags(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::123456789012:role/a"
	provider := func(arn string, opts ...func(*awsfed.Options)) error {
		_, err := awsfed.New(sts.New(sts.Options{Region: "us-east-1"}), arn, idp.Static(nil), opts...)
		return err
	}
	client := func(o idp.ClientOptions) error {
		_, err := idp.NewClient(&o)
		return err
	}
	_, keys := issuer.NewIssuerKeySet("http://example.com", nil)
	_, file := export.NewTokenFile("token", idp.Static(nil), &export.TokenFileOptions{Group: "no-such-group"})
	cfg := aws.Config{Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	rds := func(endpoint, user string) error {
		_, err := authtoken.RDS(cfg, endpoint, user)
		return err
	}
	_, cluster := authtoken.EKS(cfg, "a b")
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"a role":         {provider("nonsense"), "--role-arn: "},
		"a session name": {provider(role, func(o *awsfed.Options) { o.SessionName = "a/b" }), `--role-session-name: "a/b"`},
		"a duration":     {provider(role, func(o *awsfed.Options) { o.Duration = -1 }), "--duration-seconds: "},
		"an address":     {client(idp.ClientOptions{Bearer: idp.BearerEnv("X"), BaseURL: "http://example.com"}), "--api-url: "},
		"an issuer":      {keys, "--issuer: "},
		"a group":        {file, "--group: "},
		"a cluster":      {cluster, `--cluster: "a b"`},
		"a host":         {rds("a b:1", "app"), `--host: "a b"`},
		"a user":         {rds("db:1", ""), "--user: "},
		"a region":       {rds("db.abc.eu-west-1.rds.amazonaws.com:1", "app"), "--region: "},
		"wrapped":        {fmt.Errorf("context: %w", keys), "--issuer: "},
		"no flag":        {client(idp.ClientOptions{}), "idp: NewClient: Bearer: "},
		"no option":      {errors.New("something"), "something"},
		"no source": {
			&idp.EnvironmentError{Audience: "a", Skipped: []idp.SkippedSource{{Name: "ona", Reason: "not allowed", Option: "AllowExec"}}},
			"ona: not allowed (--allow-exec)",
		},
	} {
		if got, want := flags.IsOption(tt.err), name != "no option" && name != "no source"; got != want {
			t.Errorf("%s: IsOption = %t", name, got)
		}
		got := flags.Error(tt.err)
		if name == "no source" {
			if !strings.HasSuffix(got, tt.want) {
				t.Errorf("%s: Error = %q, want the end %q", name, got, tt.want)
			}
			continue
		}
		if !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: Error = %q, want the beginning %q", name, got, tt.want)
		}
	}
}
