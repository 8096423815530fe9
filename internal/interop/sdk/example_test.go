package sdk_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// The guide docs/test-without-aws.md shows this test.

func TestBuckets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const role = "arn:aws:iam::123456789012:role/deploy"
		iss := idptest.NewIssuer(t, nil)
		fake := awsfedtest.New(t, iss, role)
		fake.Handle("s3", awsfedtest.S3("logs", "reports"))
		p, err := awsfed.New(fake, role, iss.TokenSource(idp.AudienceAWS))
		if err != nil {
			t.Fatal(err)
		}
		client := s3.NewFromConfig(aws.Config{Region: "us-east-1", Credentials: p, HTTPClient: fake.HTTPClient()})
		for range 3 {
			list, err := client.ListBuckets(t.Context(), nil)
			if err != nil || len(list.Buckets) != 2 {
				t.Fatalf("ListBuckets = %v, %v", list, err)
			}
			time.Sleep(24 * time.Hour) // passes at once, and all credentials expire
		}
		if n := len(fake.Calls()); n != 3 {
			t.Errorf("%d calls of STS, want 3", n)
		}
	})
}
