package awsfedtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"time"
)

// secretVersion is the version of each secret, a UUID as in AWS.
const secretVersion = "00000000-0000-4000-8000-000000000001"

// SecretsManager returns a handler for [STS.Handle] that responds to GetSecretValue of AWS Secrets
// Manager. secrets are the values by name, in the account and region of each caller; it is copied.
// Other secrets are refused with ResourceNotFoundException, other operations with
// UnknownOperationException.
func SecretsManager(secrets map[string]string) http.Handler {
	secrets = maps.Clone(secrets)
	created := time.Now()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		value, refused := getSecretValue(secrets, created, r)
		if refused != nil {
			refused.writeTo(w, "secretsmanager", r.Header)
			return
		}
		writeJSON(w, http.StatusOK, value)
	})
}

// A secretValue is the result of GetSecretValue.
type secretValue struct {
	ARN           string
	CreatedDate   float64 // seconds since 1970
	Name          string
	SecretString  string
	VersionID     string `json:"VersionId"`
	VersionStages []string
}

func getSecretValue(secrets map[string]string, created time.Time, r *http.Request) (*secretValue, *apiError) {
	if target := r.Header.Get("X-Amz-Target"); target != "secretsmanager.GetSecretValue" {
		return nil, refuse("UnknownOperationException", "awsfedtest: the handler of Secrets Manager supports only GetSecretValue")
	}
	var in struct {
		SecretID     string `json:"SecretId"`
		VersionID    string `json:"VersionId"`
		VersionStage string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, refuse("SerializationException", "The request is not valid JSON")
	}
	if in.SecretID == "" {
		return nil, refuse("ValidationException", "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null")
	}
	caller, _ := CallerFrom(r.Context())
	partition := strings.Split(caller.ARN, ":")[1]
	prefix := "arn:" + partition + ":secretsmanager:" + caller.Region + ":" + caller.Account + ":secret:"
	name, suffix := strings.TrimPrefix(in.SecretID, prefix), "-ONAFED" // AWS adds six random characters to the name
	text, ok := secrets[name]
	if !ok {
		name = strings.TrimSuffix(name, suffix)
		text, ok = secrets[name]
	}
	switch {
	case !ok:
		return nil, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	case in.VersionID != "" && in.VersionID != secretVersion:
		return nil, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: "+in.VersionID)
	case in.VersionStage != "" && in.VersionStage != "AWSCURRENT":
		return nil, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: "+in.VersionStage)
	}
	return &secretValue{
		ARN: prefix + name + suffix, CreatedDate: float64(created.Unix()), Name: name, SecretString: text,
		VersionID: secretVersion, VersionStages: []string{"AWSCURRENT"},
	}, nil
}
