package gateway_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/onafed/onafed/awsfed"
)

const openToAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/HOST"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`

// object puts an object with the provider's credentials.
func object(t *testing.T, client *s3.Client, bucket string) {
	t.Helper()
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("a"), Body: bytes.NewReader([]byte("a"))}); err != nil {
		t.Fatal(err)
	}
}

// Fifty workers read from S3 during three sessions of six seconds. The gateway checks every
// signature and every expiration. No call may fail, and at the end the first credentials must be
// refused.
func TestRefreshAcrossExpiry(t *testing.T) {
	t.Parallel()
	const session, watched, workers = 6 * time.Second, 18 * time.Second, 50
	w := newWorld(t, "https://refresh.example.com", "sts.amazonaws.com")
	role := w.role(t, "refresh", strings.Replace(openToAll, "HOST", "refresh.example.com", 1))
	var refreshes, failed atomic.Int32
	p := w.provider(t, role, func(o *awsfed.Options) {
		o.Duration, o.AnyDuration = session, true
		o.OnRefresh = func(e awsfed.RefreshEvent) {
			refreshes.Add(1)
			if e.Err != nil {
				failed.Add(1)
				t.Errorf("a refresh failed: %v", e.Err)
			}
		}
	})
	// No APIOption and no retries, so that a call with expired credentials is visible.
	client := w.s3(p, func(o *s3.Options) { o.Retryer = aws.NopRetryer{} })
	object(t, client, "refresh")
	first, err := p.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), watched)
	defer cancel()
	var calls, errs atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for ctx.Err() == nil {
				calls.Add(1)
				if _, err := get(t.Context(), client, "refresh", "a"); err != nil {
					errs.Add(1)
					t.Errorf("%s into the test: %v", time.Since(first.Expires.Add(-session)), err)
					return
				}
			}
		})
	}
	group.Wait()
	if refreshes.Load() < int32(watched/session) {
		t.Errorf("%d refreshes in %s with sessions of %s, want one for each", refreshes.Load(), watched, session)
	}
	old := w.s3(credentials.NewStaticCredentialsProvider(first.AccessKeyID, first.SecretAccessKey, first.SessionToken), func(o *s3.Options) { o.Retryer = aws.NopRetryer{} })
	if _, err := get(t.Context(), old, "refresh", "a"); err == nil {
		t.Errorf("the credentials that expired at %s still work, so the test proves nothing", first.Expires)
	} else {
		t.Logf("the first credentials are refused now: %s", code(err))
	}
	t.Logf("%d calls by %d workers in %s, %d failed; %d refreshes, %d failed", calls.Load(), workers, watched, errs.Load(), refreshes.Load(), failed.Load())
}

// Invalidated credentials are replaced within the next call. (For expired credentials the gateway
// answers AccessDenied, which Provider.APIOption cannot recognize.)
func TestInvalidate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://invalidate.example.com", "sts.amazonaws.com")
	role := w.role(t, "invalidate", strings.Replace(openToAll, "HOST", "invalidate.example.com", 1))
	p := w.provider(t, role, func(o *awsfed.Options) { o.Duration = 3600 * time.Second })
	client := w.s3(p)
	object(t, client, "invalidate")
	before := p.Status().AccessKeyID
	p.Invalidate(before)
	if _, err := get(t.Context(), client, "invalidate", "a"); err != nil {
		t.Fatal(err)
	}
	if after := p.Status().AccessKeyID; after == before {
		t.Errorf("the access key is %s after it was invalidated, want a new one", after)
	}
}
