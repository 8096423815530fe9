package export_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

// provider returns a source of fixed credentials. Programs use an awsfed.Provider.
func provider() export.CredentialsSource {
	return export.CredentialsSourceFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{
			AccessKeyID:     "ASIATESTONAFEDEXAMPLE",
			SecretAccessKey: "example-secret",
			SessionToken:    "example-session-token",
			CanExpire:       true,
			Expires:         time.Date(2126, 1, 2, 3, 4, 5, 0, time.UTC),
			AccountID:       "123456789012",
		}, nil
	})
}

func Example() {
	if err := export.Process(context.Background(), os.Stdout, provider()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	// Output:
	// {"Version":1,"AccessKeyId":"ASIATESTONAFEDEXAMPLE","SecretAccessKey":"example-secret","SessionToken":"example-session-token","Expiration":"2126-01-02T03:04:05Z","AccountId":"123456789012"}
}

func ExampleEnv() {
	c, err := provider().Credentials(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	text, err := export.Env(export.Posix, c)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Print(text)
	// Output:
	// unset AWS_PROFILE;
	// unset AWS_DEFAULT_PROFILE;
	// unset AWS_WEB_IDENTITY_TOKEN_FILE;
	// unset AWS_SECURITY_TOKEN;
	// export AWS_ACCESS_KEY_ID='ASIATESTONAFEDEXAMPLE';
	// export AWS_SECRET_ACCESS_KEY='example-secret';
	// export AWS_SESSION_TOKEN='example-session-token';
	// export AWS_CREDENTIAL_EXPIRATION='2126-01-02T03:04:05Z';
	// export AWS_ACCOUNT_ID='123456789012';
}

func ExampleFile_WriteCredentials() {
	dir, err := os.MkdirTemp("", "onafed")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "credentials")
	const before = "# my keys\n[work]\nregion = eu-central-1\n\n[home]\noutput=json"
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}

	ctx := context.Background()
	c, err := provider().Credentials(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	f, err := export.NewCredentialsFile(path, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	if err := f.WriteCredentials(ctx, "work", c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	after, err := os.ReadFile(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println(string(after))
	// Output:
	// # my keys
	// [work]
	// region = eu-central-1
	// aws_access_key_id = ASIATESTONAFEDEXAMPLE
	// aws_secret_access_key = example-secret
	// aws_session_token = example-session-token
	// x_security_token_expires = 2126-01-02T03:04:05Z
	//
	// [home]
	// output=json
}

func ExampleHandler() {
	token := export.NewHandlerToken()
	handler, err := export.NewHandler(provider(), token, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	server := httptest.NewServer(handler) // or handler.Serve(ctx, listener)
	defer server.Close()

	// An SDK does this with AWS_CONTAINER_CREDENTIALS_FULL_URI and
	// AWS_CONTAINER_AUTHORIZATION_TOKEN:
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, server.URL, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	for _, t := range []string{"", token} {
		request.Header.Set("Authorization", t)
		response, err := server.Client().Do(request)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		response.Body.Close()
		fmt.Println(response.Status, response.Header.Get("Content-Type"))
	}
	// Output:
	// 401 Unauthorized application/json
	// 200 OK application/json
}

func ExampleHandler_Serve() {
	handler, err := export.NewHandler(provider(), export.NewHandlerToken(), nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		cancel()
		fmt.Fprintln(os.Stderr, err)
		return
	}
	done := make(chan error)
	go func() { done <- handler.Serve(ctx, listener) }()
	cancel()
	fmt.Println(<-done)
	// Output:
	// <nil>
}

func ExampleTokenFile() {
	dir, err := os.MkdirTemp("", "onafed")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer os.RemoveAll(dir)
	const raw = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImswIn0.eyJpc3MiOiJodHRwczovL2FwcC5naXRwb2QuaW8iLCJleHAiOjQ5MjI4MDMyMDB9.c2ln"
	token, err := idp.ParseToken(raw)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	f, err := export.NewTokenFile(filepath.Join(dir, "onafed", "token"), idp.Static(token), nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	// Run(ctx) does this repeatedly, before each token expires.
	if _, err := f.Write(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	text, err := os.ReadFile(f.Path())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println(string(text) == raw)
	// Output:
	// true
}

func ExampleCache() {
	dir, err := os.MkdirTemp("", "onafed")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer os.RemoveAll(dir)
	cache := export.OpenCache(&export.CacheOptions{Dir: filepath.Join(dir, "cache")})
	calls := 0
	src := cache.Source(export.CacheRequest{
		Key: export.CacheKey{
			Source:            "token file",
			SourceFingerprint: export.Fingerprint("the token"),
			RoleARN:           "arn:aws:iam::123456789012:role/deploy",
		},
		Fetch: func(ctx context.Context) (export.CacheEntry, error) {
			calls++
			c, err := provider().Credentials(ctx)
			return export.NewCacheEntry(export.CacheIdentity{}, c), err
		},
	})
	for range 3 {
		if _, err := src.Credentials(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
	}
	fmt.Println("calls:", calls)
	// Output:
	// calls: 1
}

// Two profiles in both files, all or none.
func ExampleBatch() {
	dir, err := os.MkdirTemp("", "onafed")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "config")
	file, err := export.NewConfigFile(path, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	var batch export.Batch
	for _, profile := range []string{"build", "deploy"} {
		batch.WriteProcess(file, profile, "/usr/bin/onafed aws credential-process --role-arn arn:aws:iam::123456789012:role/"+profile)
		batch.Edit(file, profile, export.Set("region", "eu-central-1"))
	}
	if err := batch.Commit(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err) // the file is as it was
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Print(string(text))
	// Output:
	// [profile build]
	// credential_process = /usr/bin/onafed aws credential-process --role-arn arn:aws:iam::123456789012:role/build
	// region = eu-central-1
	//
	// [profile deploy]
	// credential_process = /usr/bin/onafed aws credential-process --role-arn arn:aws:iam::123456789012:role/deploy
	// region = eu-central-1
}
