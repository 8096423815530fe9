package awsfedtest

import (
	"encoding/xml"
	"net/http"
	"slices"
	"time"
)

// S3 returns a handler for [STS.Handle] that responds to ListBuckets of Amazon S3 with the given
// buckets. Other operations are refused with the code NotImplemented.
func S3(buckets ...string) http.Handler {
	names := slices.Sorted(slices.Values(buckets))
	created := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		query.Del("x-id")                                    // the SDKs name the operation here
		inHost := slices.Index(hostLabels(r.Host), "s3") > 0 // the host name starts with a bucket
		if r.Method != http.MethodGet || r.URL.Path != "/" || len(query) > 0 || inHost {
			refused := &apiError{status: http.StatusNotImplemented, code: "NotImplemented", message: "awsfedtest: the handler of S3 supports only ListBuckets without parameters"}
			refused.writeTo(w, "s3", r.Header)
			return
		}
		caller, _ := CallerFrom(r.Context())
		list := bucketList{Owner: caller.Account}
		for _, name := range names {
			list.Buckets = append(list.Buckets, bucket{name, created})
		}
		writeXML(w, http.StatusOK, "application/xml", list)
	})
}

// A bucketList is the result of ListBuckets.
type bucketList struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
	Owner   string   `xml:"Owner>ID"`
	Buckets []bucket `xml:"Buckets>Bucket"`
}

type bucket struct {
	Name         string
	CreationDate string
}
