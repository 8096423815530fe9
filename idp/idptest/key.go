package idptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// testKeyPEM is the first key of each RSA issuer. It is public, so only tests may trust it. It is
// fixed because generating an RSA key takes a tenth of a second.
const testKeyPEM = `
-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCZF6S49EeGrf1G
vsBJs+NhnGWkJnlebWF44CkpAWAjll8hiRgm1CC3FF8+kIzJuT41rzqTYG5HvxYF
JXPlcOV1Xz/BNMOD8WdqFfZ+I2tEDF1UTBppJbSSI9SFT8pIBs2cT5uk8tZNZvp0
45CdfileL4gE94CKgpRjbcp+XYo3e6sBMHkYOssnNup7ujHUqYqYAy9x2LOmqxRT
EakYsN+Qo5ZxDGizUeQm2KAAhZcgc+z4gxdYKgdmHedl8Co7W1NssSkjSDiPWrtV
3o8SVIIIRppdlLi0eHzFdhPUgqpx8xXOY5iFtt9bkr8bPpRSsvSG+18mkqdeM8hk
hMLRIp9rAgMBAAECggEABQ8tJsbgPvpydzzIA9YSbCvAcCfybzmIV9TWcB00QCdf
TADI7+hKA8LhUXRbSgOzupsuajNVoDUAbJDu1nwadkIrNNjQ0acVxUdgKxmJR8Zs
d+P6gUfKzmx646z1L3q4n1Yq5G/iBSnpVEfw+EN0i/sxx+yaXRC8ZTWF1Fi0ehgk
2O1oJazYPjX8hYf3AD/hztQrGp+DTofMJ23y7Lm4kZ2QePk1fPMwMbEdFdEV2CXZ
6dBJwEzSNybCO8jmOCK7BgD793mMYvcvgkGuhz/u30YeyMqBue224pgfaNuPU20s
E0a2lp10fnvFALlwiPlyaD4E/fzIQASXU1LkoYNHAQKBgQDYOLPJIHh2NNgzIaYg
eQAJ2TNLaWSPK5bwBGVfyfhD9F/i96iW7p5qi2UwAteFtJKF/jrjtsj3f0Mr33eK
huqn2iZZWvFwJAh34380j4TuLWOD1I+tbd4I/azX5dMUa758e4eRZyiejZPk9c/R
39nHPScLzb5US4suBiedDxSDKQKBgQC1QcX5MD+9uB+5xdzF8Uj691uGebPUE/wv
Oukg2KjaOjqDl+FWHLvkqDDfyMVGfLjtdu1YsnuV4SbRk0Daub5aE/WwhgLFDILM
Y3IsPQSq0KtE6ZOIQjMHFfVaw3BhiMS7p/pTFU831Cdb2Z/0MbYiQd7L0wgycOeF
JUeTcViUcwKBgF8iG6BbpATGXXWp0XEqK+UpZpNAjNkdYay7Emth7tTfWa0AMHIw
DQ1txZipN3CBsZI4+GomiyeyG7ja+rq9f9NYfVUFWYNwpzUwqFBU8TTmTYm8ZXb2
ByJHktvvJ78tZMNaipxkGhAg1LiBmu2Jo0UxV9Ous5ZdIqCeXqGQ+AJ5AoGADOsu
MA+HS39XC4eVr6n92J1Osav07DWscLVTLlsi1cL2rrBhiCCuJ6LxMNH/dYGoMIyc
aAj4k/sjKCbFpZE9hvALP9SdV+wHWofv+EU1EvOicVvwfvKw7l1bSmfJl7oGw5U6
WzeWmNUPJRXCt8XfRFvLhF17JRU0+yFoE5MtjA8CgYEAgUcqJ6EGTdAYMaBYH603
11tNZzrDAsIv00viY5FkStqDLfEhaOmEtmgVpCmEdESSwvJi3eLBiGZrNuJGddUU
n0LFq/x6TzafR5xcdFnysP0YHeRcWAfztY0FV9mqBq3HDSy+90/Bi9haFU3eiE0s
NXOq1319NNpp4ckVhd6TTjQ=
-----END PRIVATE KEY-----
`

// testKey returns the key in testKeyPEM.
func testKey() (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(testKeyPEM))
	if block == nil {
		return nil, fmt.Errorf("the fixed key is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	k, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the fixed key is a %T", key)
	}
	return k, nil
}

// newKey generates a key for an algorithm.
func newKey(alg string) (crypto.Signer, error) {
	switch alg {
	case "RS256", "RS384", "RS512":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	default:
		return nil, fmt.Errorf("unknown algorithm %q", alg)
	}
}
