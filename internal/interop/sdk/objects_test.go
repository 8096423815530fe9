package sdk_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// objects is an S3 with one bucket, for tests that upload and download.
type objects struct {
	mu      sync.Mutex
	content map[string][]byte
}

func (o *objects) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.Method == http.MethodPut {
		o.content[r.URL.Path], _ = io.ReadAll(r.Body)
		return
	}
	_, _ = w.Write(o.content[r.URL.Path])
}

// TestObjects uploads in the ways of the SDK: with a checksum after the body, and without.
func TestObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _, fake := provider(t)
		fake.Handle("s3", &objects{content: map[string][]byte{}})
		for _, checksum := range []aws.RequestChecksumCalculation{aws.RequestChecksumCalculationWhenSupported, aws.RequestChecksumCalculationWhenRequired} {
			client := s3.NewFromConfig(aws.Config{
				Region: "us-east-1", Credentials: p, HTTPClient: fake.HTTPClient(), RequestChecksumCalculation: checksum,
			})
			key := aws.String("a key+" + strconv.Itoa(int(checksum)))
			if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("data"), Key: key, Body: strings.NewReader("hello")}); err != nil {
				t.Fatal(err)
			}
			out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("data"), Key: key})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(out.Body); err != nil || string(got) != "hello" {
				t.Errorf("GetObject = %q, %v, want hello", got, err)
			}
		}
	})
}
