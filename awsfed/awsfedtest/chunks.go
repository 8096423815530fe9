package awsfedtest

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// chunked is the content encoding of an upload to S3 in chunks, which the SDKs use for checksums
// after the body ("Signature calculations for the Authorization header: transferring a payload in
// multiple chunks", S3 API reference).
const chunked = "aws-chunked"

// decodeBody returns the body and the header without chunks of S3. It refuses malformed chunks. The
// signatures of chunks and the checksums after them are not verified.
func (r request) decodeBody() (body []byte, header http.Header, refused *apiError) {
	encodings := strings.Split(strings.ReplaceAll(r.Header.Get("Content-Encoding"), " ", ""), ",")
	if !slices.Contains(encodings, chunked) && !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return r.body, r.Header, nil
	}
	body, ok := decodeChunks(r.body)
	want := r.Header.Get("X-Amz-Decoded-Content-Length")
	if !ok || want != "" && want != strconv.Itoa(len(body)) {
		return nil, nil, &apiError{status: http.StatusBadRequest, code: "IncompleteBody", message: "The request body terminated unexpectedly"}
	}
	header = r.Header.Clone()
	encodings = slices.DeleteFunc(encodings, func(e string) bool { return e == chunked || e == "" })
	if header.Del("Content-Encoding"); len(encodings) > 0 {
		header.Set("Content-Encoding", strings.Join(encodings, ","))
	}
	return body, header, nil
}

// decodeChunks returns the content of chunks, and reports whether they are complete. A chunk is its
// size in hexadecimal, perhaps an extension, and its content; lines of a trailer follow the last
// one, which is empty.
func decodeChunks(b []byte) (content []byte, ok bool) {
	content = []byte{}
	for {
		line, rest, found := bytes.Cut(b, []byte("\r\n"))
		size, _, _ := strings.Cut(string(line), ";")
		n, err := strconv.ParseUint(size, 16, 31)
		switch {
		case !found || err != nil:
			return nil, false
		case n == 0:
			return content, true
		case uint64(len(rest)) < n+2 || string(rest[n:n+2]) != "\r\n":
			return nil, false
		}
		content = append(content, rest[:n]...)
		b = rest[n+2:]
	}
}
