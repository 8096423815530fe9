package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/fakenet"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "aws" { // "aws exec" in a test started itself: not the tests again
		main()
		return
	}
	testscript.Main(m, map[string]func(){"onafed": fakenet.Trusting(main), "docker-credential-onafed": main, "sdk": sdk, "child": childProgram})
}

// sdk is a program that uses the AWS SDK without this module. It prints its identity or, with the
// arguments "secret NAME", the value of a secret. A third argument changes the request after it was
// signed.
func sdk() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	var text string
	switch {
	case err != nil:
	case len(os.Args) > 2:
		text, err = secretValue(ctx, cfg, os.Args[2], len(os.Args) > 3)
	default:
		var identity *sts.GetCallerIdentityOutput
		if identity, err = sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil); err == nil {
			text = aws.ToString(identity.Arn)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(text)
}

// secretValue calls GetSecretValue. The client of Secrets Manager would be a dependency.
func secretValue(ctx context.Context, cfg aws.Config, name string, changed bool) (string, error) {
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return "", err
	}
	body := fmt.Sprintf(`{"SecretId":%q}`, name)
	sum := sha256.Sum256([]byte(body))
	if changed {
		body += " "
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, os.Getenv("AWS_ENDPOINT_URL"), strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "secretsmanager.GetSecretValue")
	if err := v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), "secretsmanager", cfg.Region, time.Now()); err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer struct {
		SecretString string
		Type         string `json:"__type"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", errors.New(answer.Type)
	}
	return answer.SecretString, nil
}

// The keys of the values that the commands of a script use.
type (
	worldKey    struct{}
	tbKey       struct{}
	programsKey struct{}
)

// TestScripts runs the scripts in testdata/script. Each has a world of its own.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: setUpScript,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"mint": mint, "jwt": unsignedJWT, "start": start, "interrupt": interrupt, "waitgrep": waitGrep, "loadenv": loadEnv,
			"get": get, "stscalls": stsCalls, "outage": outage, "mode": mode, "samejson": sameJSON, "exits": exits, "clientids": clientIDs,
			"sent": sent, "noserver": noServer,
		},
		Condition: func(cond string) (bool, error) {
			if cond == "ona" { // in an Ona environment there is always a token
				_, err := os.Stat(idp.DefaultSecretsFile)
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

func setUpScript(e *testscript.Env) error {
	tb := e.T().(testing.TB)
	w := newWorld(tb)
	e.Values[worldKey{}], e.Values[tbKey{}], e.Values[programsKey{}] = w, tb, make(map[string]*program)
	for name, value := range w.environment() {
		e.Setenv(name, value)
	}
	for name, content := range map[string]string{
		"token": w.token(tb, nil), "ca.pem": string(w.ca), "policy.json": w.policy, "api-key": testAPIKey + "\n",
	} {
		if err := os.WriteFile(filepath.Join(e.WorkDir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	e.Setenv("SSL_CERT_FILE", filepath.Join(e.WorkDir, "ca.pem"))
	e.Setenv("HOME", e.WorkDir)
	e.Setenv("USERPROFILE", e.WorkDir) // the home folder on Windows
	name, value, _ := strings.Cut(goRace, "=")
	e.Setenv(name, value)
	e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "cache"))
	e.Setenv("LOCALAPPDATA", filepath.Join(e.WorkDir, "cache")) // of Windows
	return nil
}

// goRace keeps a program that is built with -race from waiting a second at its end.
const goRace = "GORACE=atexit_sleep_ms=10"

// environment returns the variables with which a program reaches this world and nothing else.
func (w *world) environment() map[string]string {
	return map[string]string{
		"HTTPS_PROXY":          w.proxyURL,
		"AWS_ENDPOINT_URL_STS": w.stsURL,
		"AWS_ENDPOINT_URL_IAM": w.iamURL,
		"AWS_ENDPOINT_URL_ECR": w.stsURL,
		"AWS_REGION":           "us-east-1",
		"ROLE":                 testRole,
		"NEXT":                 nextRole,
		"ORG":                  testOrg,
		"ISSUER":               testIssuer,
		"OTHER_ISSUER":         otherIssuer,
		"API":                  testIssuer + "/api",
		"COLUMNS":              "200",
	}
}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }
