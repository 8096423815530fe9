package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

func TestPrintToken(t *testing.T) {
	t.Setenv("KUBERNETES_EXEC_INFO", `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"}`)
	cfg := aws.Config{Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "session")}
	var out bytes.Buffer
	if err := printToken(t.Context(), cfg, "prod", &out); err != nil {
		t.Fatal(err)
	}
	var c struct {
		APIVersion string
		Status     struct{ Token string }
	}
	if err := json.Unmarshal(out.Bytes(), &c); err != nil || c.APIVersion != "client.authentication.k8s.io/v1" || !strings.HasPrefix(c.Status.Token, "k8s-aws-v1.") {
		t.Errorf("output %s, %v", &out, err)
	}
}
