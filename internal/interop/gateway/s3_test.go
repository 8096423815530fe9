package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/idp/idptest"
)

// provider returns a provider that assumes a role at the gateway.
func (w *world) provider(t *testing.T, roleARN string, optFns ...func(*awsfed.Options)) *awsfed.Provider {
	t.Helper()
	client := sts.New(sts.Options{Region: "us-east-1", BaseEndpoint: &w.cluster.URL})
	// At the subject's first call the gateway makes a user for it. That is slow and may have to be
	// repeated.
	first, err := w.source().Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.assume(t.Context(), roleARN, first.Raw()); err != nil {
		t.Fatal(err)
	}
	// A request may take a third of this, so that a hanging request is repeated before credentials
	// expire.
	impatient := func(o *awsfed.Options) { o.AttemptTimeout = 6 * time.Second }
	p, err := awsfed.New(client, roleARN, w.source(), append([]func(*awsfed.Options){impatient}, optFns...)...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// s3 returns the SDK's client for the gateway's S3.
func (c *cluster) s3(credentials aws.CredentialsProvider, optFns ...func(*s3.Options)) *s3.Client {
	return s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &c.URL, UsePathStyle: true, Credentials: credentials}, optFns...)
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func TestPutAndGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://app.gitpod.io", "sts.amazonaws.com")
	policy, err := trust.Build(trust.Rule{Account: account, Organization: idptest.OrganizationID, Project: idptest.ProjectID})
	if err != nil {
		t.Fatal(err)
	}
	p := w.provider(t, w.role(t, "put-and-get", policy.String()))
	client := w.s3(p, func(o *s3.Options) { o.APIOptions = append(o.APIOptions, p.APIOption()) })

	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("put-and-get")}); err != nil {
		t.Fatal(err)
	}
	content := []byte("no static secret was used to write this")
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("put-and-get"), Key: aws.String("a"), Body: bytes.NewReader(content)}); err != nil {
		t.Fatal(err)
	}
	got, err := get(t.Context(), client, "put-and-get", "a")
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("the object is %q, %v, want %q", got, err, content)
	}
	status := p.Status()
	t.Logf("assumed %s until %s", status.AssumedRoleARN, status.Expires)
}

func get(ctx context.Context, client *s3.Client, bucket, key string) ([]byte, error) {
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}
