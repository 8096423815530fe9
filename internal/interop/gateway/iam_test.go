package gateway_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/onafed/onafed/internal/interop/program"
)

// iam makes a call of AWS's IAM API. A blank is sent as %20, because the gateway does not accept
// "+".
func (c *cluster) iam(ctx context.Context, action string, params map[string]string) error {
	form := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for k, v := range params {
		form.Set(k, v)
	}
	body := strings.ReplaceAll(form.Encode(), "+", "%20")
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/", strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	hash := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(ctx, c.Admin, r, hex.EncodeToString(hash[:]), "iam", "us-east-1", time.Now()); err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", action, answer.Status, program.Tail(string(text)))
	}
	return err
}

// register registers an issuer as an OIDC provider.
func (c *cluster) register(t *testing.T, issuerURL string, clientIDs ...string) {
	t.Helper()
	params := map[string]string{"Url": issuerURL, "ThumbprintList.member.1": strings.Repeat("0", 40)}
	for i, id := range clientIDs {
		params[fmt.Sprintf("ClientIDList.member.%d", i+1)] = id
	}
	if err := c.iam(t.Context(), "CreateOpenIDConnectProvider", params); err != nil {
		t.Fatal(err)
	}
}

// role makes a role with all permissions on S3 and returns its ARN.
func (c *cluster) role(t *testing.T, name, trustPolicy string) string {
	t.Helper()
	if err := c.iam(t.Context(), "CreateRole", map[string]string{"RoleName": name, "Path": "/", "AssumeRolePolicyDocument": trustPolicy}); err != nil {
		t.Fatalf("%v\n%s", err, trustPolicy)
	}
	if err := c.iam(t.Context(), "PutRolePolicy", map[string]string{
		"RoleName": name, "PolicyName": "s3",
		"PolicyDocument": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"arn:aws:s3:::*"}]}`,
	}); err != nil {
		t.Fatal(err)
	}
	return "arn:aws:iam::" + account + ":role/" + name
}
