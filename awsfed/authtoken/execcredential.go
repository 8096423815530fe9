package authtoken

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/onafed/onafed/internal/quote"
)

// The group of ExecCredential and its version that "aws eks get-token" uses if Kubernetes asks for
// none.
const (
	execGroup      = "client.authentication.k8s.io/"
	defaultVersion = execGroup + "v1beta1"
)

// maxExecInfo is the largest KUBERNETES_EXEC_INFO in bytes. It may contain the certificate of the
// cluster.
const maxExecInfo = 1 << 20

// ExecCredential returns a token for EKS as the ExecCredential in JSON that a credential plugin
// prints for kubectl and client-go. execInfo is the value of the environment variable
// KUBERNETES_EXEC_INFO, which names the version: v1, v1beta1 or v1alpha1. If it is empty, the
// version is v1beta1, as in "aws eks get-token". The result contains the secret.
//
// Source: "client-go credential plugins" in "Authenticating" (Kubernetes documentation).
func ExecCredential(t Token, execInfo string) ([]byte, error) {
	version, err := execVersion(execInfo)
	switch {
	case err != nil:
		return nil, fmt.Errorf("authtoken: KUBERNETES_EXEC_INFO: %w", err)
	case t.Raw() == "":
		return nil, errors.New("authtoken: the token is empty")
	}
	c := execCredential{Kind: "ExecCredential", APIVersion: version, Status: execStatus{Token: t.Raw()}}
	if !t.expiry.IsZero() {
		c.Status.Expiry = t.expiry.UTC().Format(time.RFC3339) // rounds down
	}
	return json.Marshal(c)
}

type execCredential struct {
	Kind       string     `json:"kind"`
	APIVersion string     `json:"apiVersion"`
	Spec       struct{}   `json:"spec"`
	Status     execStatus `json:"status"`
}

type execStatus struct {
	Expiry string `json:"expirationTimestamp,omitempty"`
	Token  string `json:"token"`
}

// execVersion returns the version that KUBERNETES_EXEC_INFO asks for.
func execVersion(execInfo string) (string, error) {
	if execInfo == "" {
		return defaultVersion, nil
	}
	if len(execInfo) > maxExecInfo {
		return "", fmt.Errorf("it has %d bytes, want at most %d", len(execInfo), maxExecInfo)
	}
	var info struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := json.Unmarshal([]byte(execInfo), &info); err != nil {
		return "", errors.New("it is not the JSON of an ExecCredential")
	}
	if info.Kind != "ExecCredential" {
		return "", fmt.Errorf("its kind is %s, want \"ExecCredential\"", quote.Text(info.Kind, 40))
	}
	switch info.APIVersion {
	case execGroup + "v1", execGroup + "v1beta1", execGroup + "v1alpha1":
		return info.APIVersion, nil
	}
	return "", fmt.Errorf("the version %s is unknown, want %sv1, v1beta1 or v1alpha1", quote.Text(info.APIVersion, 60), execGroup)
}
