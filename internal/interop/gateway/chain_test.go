package gateway_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/onafed/onafed/awsfed"
)

// trusting returns a trust policy that allows AssumeRole for a principal.
func trusting(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + principal + `"]},"Action":["sts:AssumeRole"]}]}`
}

// A chain exchanges an ID token at the gateway and then assumes a second role there, whose trust
// policy names the first role, its session or everybody. A role that trusts another one refuses the
// chain.
func TestChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://chain.example.com", "sts.amazonaws.com")
	first := w.role(t, "chain-first", strings.Replace(openToAll, "HOST", "chain.example.com", 1))
	for name, principal := range map[string]string{
		"role":     first,
		"session":  "arn:aws:sts::" + account + ":assumed-role/chain-first/interop",
		"everyone": "*",
		"other":    "arn:aws:iam::" + account + ":role/other",
	} {
		t.Run(name, func(t *testing.T) {
			next := w.role(t, "chain-"+name, trusting(principal))
			p := w.provider(t, first, func(o *awsfed.Options) {
				o.SessionName, o.Chain = "interop", []awsfed.NextRole{{RoleARN: next, SessionName: "second"}}
			})
			_, err := w.s3(p).ListBuckets(t.Context(), nil)
			if name == "other" {
				e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
				if !ok || e.Step != 2 || e.RoleARN != next || e.Code != "AccessDenied" || e.Retryable() || !strings.Contains(e.NextStep(), first) {
					t.Errorf("ListBuckets = %v, want AccessDenied of the second step", err)
				}
				return
			}
			if got, want := p.Status().AssumedRoleARN, "arn:aws:sts::"+account+":assumed-role/chain-"+name+"/second"; err != nil || got != want {
				t.Errorf("assumed %s, %v, want %s", got, err, want)
			}
		})
	}
}

// A chain of short sessions is refreshed while a worker reads: no call fails, and at the end the
// first credentials are refused.
func TestChainAcrossExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://chain-expiry.example.com", "sts.amazonaws.com")
	first := w.role(t, "chain-expiry-first", strings.Replace(openToAll, "HOST", "chain-expiry.example.com", 1))
	next := w.role(t, "chain-expiry-next", trusting(first))
	p := w.provider(t, first, func(o *awsfed.Options) {
		o.AnyDuration, o.Duration = true, 8*time.Second
		o.Chain = []awsfed.NextRole{{RoleARN: next, Duration: 6 * time.Second}}
	})
	client := w.s3(p)
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("chain-expiry")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("chain-expiry"), Key: aws.String("a"), Body: bytes.NewReader([]byte("a"))}); err != nil {
		t.Fatal(err)
	}
	old, err := p.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); {
		if _, err := get(t.Context(), client, "chain-expiry", "a"); err != nil {
			t.Errorf("get: %v", err)
		}
		keys[p.Status().AccessKeyID] = true
		<-time.After(50 * time.Millisecond)
	}
	if len(keys) < 3 {
		t.Errorf("%d sets of credentials in 15 s, want at least 3", len(keys))
	}
	expired := w.s3(credentials.StaticCredentialsProvider{Value: aws.Credentials{AccessKeyID: old.AccessKeyID, SecretAccessKey: old.SecretAccessKey, SessionToken: old.SessionToken}})
	if _, err := get(t.Context(), expired, "chain-expiry", "a"); err == nil {
		t.Error("the first credentials are accepted after their expiry")
	}
}
