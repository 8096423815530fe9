package child

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// TestServer checks that a server answers with its token for the last role of a chain, and that no
// goroutine and no port is left when it ends.
func TestServer(t *testing.T) {
	const roleARN, nextARN = "arn:aws:iam::123456789012:role/deploy", "arn:aws:iam::210987654321:role/next"
	iss := idptest.NewIssuer(t, nil)
	sts := awsfedtest.New(t, iss, roleARN)
	policy, err := trust.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + roleARN + `"},"Action":"sts:AssumeRole"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := sts.PutRole(awsfedtest.Role{ARN: nextARN, TrustPolicy: policy}); err != nil {
		t.Fatal(err)
	}
	token, err := iss.TokenSource(idp.AudienceAWS).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token.Raw()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ENDPOINT_URL_STS", awsfedtest.Start(t, sts))
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	before := goleak.IgnoreCurrent()

	next := []role.NextRole{{NextRole: awsfed.NextRole{RoleARN: nextARN}}}
	c := &Command{Flags: role.Flags{RoleARN: roleARN, NextRole: next, Flags: source.Flags{TokenFile: file}}}
	s, err := c.open(t.Context(), terminal.Standard())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.serve(ctx) }()
	vars := s.access.environ([]string{"AWS_PROFILE=other", "PATH=/bin"})
	if slices.Contains(vars, "AWS_PROFILE=other") || !slices.Contains(vars, "PATH=/bin") || !slices.Contains(vars, "AWS_CONTAINER_AUTHORIZATION_TOKEN="+s.access.Token) {
		t.Errorf("environment %q", vars)
	}
	client := &http.Client{Transport: new(http.Transport)}
	if got, answer := get(t, client, s.access.URI, s.access.Token); got != http.StatusOK || !strings.Contains(answer, `"RoleArn":"`+nextARN+`"`) {
		t.Errorf("the endpoint answers %d, and the role is not %s", got, nextARN)
	}
	if got, _ := get(t, client, s.access.URI, strings.ToLower(s.access.Token)); got != http.StatusUnauthorized {
		t.Errorf("the endpoint answers %d to a wrong token", got)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	client.CloseIdleConnections()
	// The SDK keeps its connection to STS for the next call.
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("net/http.(*conn).serve"))
}

func get(t *testing.T, client *http.Client, uri, token string) (status int, answer string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", token)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}
