#pragma once

#include <string_view>

// Keys and tokens that python3-cryptography 48 made and signed, so that both ends are not ours. Each
// token is of http://issuer.test, for that audience and "other", permits openfaas-fn:*, and expires
// in 2100. The private keys were not kept.

namespace watchdog::foreign {

inline constexpr std::string_view kKeys = R"({"keys": [
  {"kty": "RSA",
   "kid": "rsa-2048",
   "use": "sig",
   "alg": "RS256",
   "n": "rlB_CyMRQnOw5TqVAEoSFVRW00Xr22lxjFxK7nV1q_7omit-9p0DTRLqiK9CGFeQ49bfWfqSlASCt-HxGolFAWXBEqPuAPVFZfffofOOLFVlXpa8wxvBHhsMBgmC6E4GdOlnywuvRZYlrMWMhcaB6_2S2aBc4T2EQ9zs9R5ejIDSioGdy6EiCI3CV4I_d14Z0qOgFLjrHApzuR4JTok24Fm_tKAwW47ny4bu_JPgFt030td0gEHUew1TKd8oM64o_KYCtDiDT1u9vAvrcA8BiwGknpPKx0oWz5_ghfn993iR8h3v9OxCxli2Flb6q-sxfkQIxu1Jj3n7z_kkL9S0Fw",
   "e": "AQAB"},
  {"kty": "RSA",
   "kid": "rsa-4096",
   "use": "sig",
   "alg": "RS256",
   "n": "wQTpRJpLdHOKu_GYYR4x_7eZkIGzFRWZhZ9smGPBNgmysphdcuGEKwBCLUTo4l0-0DWnE9mzcZo51NA0iElKjBwP5ZdiPwc-7ukKoOrryJp4LHrN8CndNHHYIdj59U8el3rY4hVzmFxn0YqZM_btAhj3L5Mqns1vmxZJyyTJfPtRGFJRn675Hb_Efx-zn75WothkdtIrZ8BmDmtcF0Ae7v7qm7VP9IE9pcbjzom_XxDk9X444W_GL55Vk0uhI-SgHX7PRVxeACl9jMlUW47JWEHfxlPQ2AEUV7rcBQ-D1VslMDYeZG7yaLG48cT69Kx34HH6RQXODeLy7UoUy3zd7o4ARRDbMtkexdv75pmDTDONiY1sKExgPqbFRJAv-AM_dG7JadYvHtJ8P52rrmdiqgDofRtld2aM7zjcomPAf-mETWvMXorw8rDPgYYNX7hYFv2ROp2EyEdpP95KWaV98wsMekhv2SYO-0aPmq0e2Qf-yfOXIFQuCKCqJk3BG2KG-c-4UQMJaMtXOnCsDwP0BTZaCT0Qo5QQLpqUpcy_4is0fVb8Dwt7y1lwBQBG5oTAvSZO1v57tny2a-m-vKRSfWi8RJgaBIrQCLxgLeWelsWz7a3FLp-rpRBvp2qn4Rju8c0wD7gqct6_EzHRN3wCUHp0BDC6lp9hy2cGMq0P3N0",
   "e": "Aw"},
  {"kty": "RSA",
   "kid": "rsa-1024",
   "use": "sig",
   "alg": "RS256",
   "n": "z4mB_ByiMheEqmt5JVuFOlBh-_eTN0tMGMvSFzagtu8NvvdLi_eWX6ZlLpWsjdDANvZhlPVhVTpXmOxBX5jFSIv0w8aOoan4cshyFFSl3zw8I23EdQriTnEY9VHt7FYN9SaoIk9uMb2zdWwNN_Q3WkYK62Q92cZGZkMr1jVeEWk",
   "e": "AQAB"},
  {"kty": "EC",
   "kid": "ec-256",
   "use": "sig",
   "crv": "P-256",
   "x": "xEAZsMMVyLOrvjkJZFjlZWvQUYYt_htUN1RUsKaeBUk",
   "y": "FVdqQzZfU9zPfjnMFMubRH7UESEi3pbH9Xa6sBCzodU"},
  {"kty": "EC",
   "kid": "ec-384",
   "use": "sig",
   "crv": "P-384",
   "x": "ShZ9xAd3YRickhzhoYm6Nln1IW2tJ_41fnc0bMMHPidyRuR1yI9vsyBViB2LsJSM",
   "y": "rIVuRt8boE7BrDrdQ3ItQhmd_wFwqGtnFov-nfWeSg53QWgSyySRqF-gc-WaPIp_"}
]})";

inline constexpr std::string_view kRsa2048 =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYS0yMDQ4In0.eyJpc3MiOiJodHRwOi8vaXNzdWVyLnRl"
    "c3QiLCJhdWQiOlsiaHR0cDovL2lzc3Vlci50ZXN0Iiwib3RoZXIiXSwic3ViIjoidXNlci0xIiwiaWF0IjoxNzAwMDAw"
    "MDAwLCJleHAiOjQxMDI0NDQ4MDAsImZ1bmN0aW9uIjp7InBlcm1pc3Npb25zIjpbIm9wZW5mYWFzLWZuOioiXX19.Clm"
    "qMLwg_BfPAe6N54fUQvhoVqpVnd1hs0uJTk1QFapkFP7VfYZFz_PqQW--PFFJI6J4rVukQ3y-YrZryW74f0GCSXjnTXo"
    "q8bjIHsEOenmuc4KBHGhygmFZ9cM4bXH6d2hKS5l0p5wckfOLvO5r_QENtigGj0DTpEJlNRo0T5b0KwDEu2__gfjNKAC"
    "H4TQZHNAqO5JXIWQSU1UJcU9iTVxHnBCpGHPeojyeAkDiteB7a7J62maVCU5Dd_frBCtVZdNDY-X7PQwCHTGV_hkfcFF"
    "t7OAe_JvCScqAHOme-eAWB-QpyEO4uifGPdv4R2cuwoS60t5s6NC-QJIstSNUZw";

inline constexpr std::string_view kRsa4096 =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYS00MDk2In0.eyJpc3MiOiJodHRwOi8vaXNzdWVyLnRl"
    "c3QiLCJhdWQiOlsiaHR0cDovL2lzc3Vlci50ZXN0Iiwib3RoZXIiXSwic3ViIjoidXNlci0xIiwiaWF0IjoxNzAwMDAw"
    "MDAwLCJleHAiOjQxMDI0NDQ4MDAsImZ1bmN0aW9uIjp7InBlcm1pc3Npb25zIjpbIm9wZW5mYWFzLWZuOioiXX19.feA"
    "23pJaQh3YiUVAiWeZntd4xVvNtzRbL_8s03ZyY_yIiZMVujkHv-Y7i_dNu0-0c4fAOv90jtVKoOY8R9w997M4tpkvlew"
    "a_Ny7Ydv9FOyRtJvQNNK2Vr05UUZ3vfVNyvxoGiJgk68eH7ZNMJ4m25j6T6SJuTtUZRM1PPoNoV4zRiUCRxaG7MYJyyi"
    "xG8qabSx_l8Mz5dHg4LWcIa89FhYyDs2U0GkhBN16i7n48hve8M44vW-WsDLS5t1fyyGg9lB1yxIfxAFnOETZiDpmpvx"
    "sebS4GFW-gyIOoAjGc4AIYsDyRwZrDco5fRZWv15sCw4wH2RnzahGlCUp4E65_k9I2Sp2ae3RXTqnADryFISDCtjFLXq"
    "ZkDAO1IR_TEZcFJKCPRoDIHsLFO3X2FzbIh8BBg8oTmEBDz7Ehb89Lg1oAD45YGG3UgZiZ-qsp61YMpQ5Vz7MTpkzOtx"
    "jDVJSU42z0ZKmt3nO2cD1A9_7yCqFemmZBCHjdtxa_OHBmQJdrtaYZGeJWnqLCFzmNUOcb9gzON4HQkhjJDgN5sBPlzn"
    "jOyVd-rwzdiAT7pQx4cdDJSNz-DVeU_CBUOz8IxQyg2S1fs2FXupC9VL5Unb40WJ5WQvxEeghkubP8B3XX-TUJkCsKby"
    "vDzS8CSSkF08WUyeV-VwZBMmBPTM7GxWzpOc";

inline constexpr std::string_view kRsa1024 =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYS0xMDI0In0.eyJpc3MiOiJodHRwOi8vaXNzdWVyLnRl"
    "c3QiLCJhdWQiOlsiaHR0cDovL2lzc3Vlci50ZXN0Iiwib3RoZXIiXSwic3ViIjoidXNlci0xIiwiaWF0IjoxNzAwMDAw"
    "MDAwLCJleHAiOjQxMDI0NDQ4MDAsImZ1bmN0aW9uIjp7InBlcm1pc3Npb25zIjpbIm9wZW5mYWFzLWZuOioiXX19.Yk-"
    "oTSS-9rOrB4dOviLetWBXdSX7Nf2v2Af2zWKpZOuLMdtJp0tFTa7JJ0XZr1w7hq54NgBV-m7xW63ro7YS4bu-efk4HQh"
    "2mNogXJ3VMn8G2hlXX4Uib0v1eTf6IfCd5kyeVihuW_FD3UUgMpFE8LHf7ChF4qrMZyyQhcvvdC8";

inline constexpr std::string_view kEc256 =
    "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImVjLTI1NiJ9.eyJpc3MiOiJodHRwOi8vaXNzdWVyLnRlc3Q"
    "iLCJhdWQiOlsiaHR0cDovL2lzc3Vlci50ZXN0Iiwib3RoZXIiXSwic3ViIjoidXNlci0xIiwiaWF0IjoxNzAwMDAwMDA"
    "wLCJleHAiOjQxMDI0NDQ4MDAsImZ1bmN0aW9uIjp7InBlcm1pc3Npb25zIjpbIm9wZW5mYWFzLWZuOioiXX19.8BUmLb"
    "AEKFUiDNXE8R45g_dDuYzzoMd_alP9HWNc4SaMJxcB9xej3x6Nl8ISZ8cBiX6EcaNg1hkJOFbZTCiQkw";

inline constexpr std::string_view kEc256InDer =
    "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImVjLTI1NiJ9.eyJpc3MiOiJodHRwOi8vaXNzdWVyLnRlc3Q"
    "iLCJhdWQiOlsiaHR0cDovL2lzc3Vlci50ZXN0Iiwib3RoZXIiXSwic3ViIjoidXNlci0xIiwiaWF0IjoxNzAwMDAwMDA"
    "wLCJleHAiOjQxMDI0NDQ4MDAsImZ1bmN0aW9uIjp7InBlcm1pc3Npb25zIjpbIm9wZW5mYWFzLWZuOioiXX19.MEUCIQ"
    "CUA_xkJBV7kyJW8UvxnHd3fhgENkOqQXm6wwt8bEUtRAIgbB11D_FuTrKDVp80c8mIlF03fJgbyaHWdHyIpS0G4LI";

inline constexpr std::string_view kEc384 =
    "eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCIsImtpZCI6ImVjLTM4NCJ9.eyJpc3MiOiJodHRwOi8vaXNzdWVyLnRlc3Q"
    "iLCJhdWQiOlsiaHR0cDovL2lzc3Vlci50ZXN0Iiwib3RoZXIiXSwic3ViIjoidXNlci0xIiwiaWF0IjoxNzAwMDAwMDA"
    "wLCJleHAiOjQxMDI0NDQ4MDAsImZ1bmN0aW9uIjp7InBlcm1pc3Npb25zIjpbIm9wZW5mYWFzLWZuOioiXX19.-hvqGz"
    "QljJiNCS5FypTzEwEwMLCrZgQLLJZ2lewxcE_UYh4h4j1dBFOIEtNr1O7AB92sjdwFGxf0-n2sLljhfDl4_CcReS8zF3"
    "fMVPSEvE12oStlH_YphGLdBdZ5tSh4";

inline constexpr std::string_view kPss =
    "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYS0yMDQ4In0.eyJpc3MiOiJodHRwOi8vaXNzdWVyLnRl"
    "c3QiLCJhdWQiOlsiaHR0cDovL2lzc3Vlci50ZXN0Iiwib3RoZXIiXSwic3ViIjoidXNlci0xIiwiaWF0IjoxNzAwMDAw"
    "MDAwLCJleHAiOjQxMDI0NDQ4MDAsImZ1bmN0aW9uIjp7InBlcm1pc3Npb25zIjpbIm9wZW5mYWFzLWZuOioiXX19.YJr"
    "tofX4lDw4WR3ALpSQjgrsWuFmClTn9tjfQQsNdYJajLyitie1qI8rU_h79pRSvqjyw3ub6DmUMwIbfCdzvejR-IpemfV"
    "SpA_0TI-y2H9NsQQwUFH9WDM9G6Nnr2XJR53bLBR-z_SZUOreBXIRnGidlDkWEZtXSIWIdVuI9yUDTLB-noIBHQ04kkW"
    "0WjAyY3QvU9aATFFrRJjsTB9k5kSwrFRAPg9nWKTfyW-U9oMCVBVjIihyh_DFXvjI_MVyDCRSrr9ZunGN5VlHbGHp8hD"
    "cOa1YKnz9cm_06N5VumQK47JJ-865gYu7RYIOT88viI-ygay2aB9wowfno5ta2g";

inline constexpr std::string_view kPssCalledRs256 =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYS0yMDQ4In0.eyJpc3MiOiJodHRwOi8vaXNzdWVyLnRl"
    "c3QiLCJhdWQiOlsiaHR0cDovL2lzc3Vlci50ZXN0Iiwib3RoZXIiXSwic3ViIjoidXNlci0xIiwiaWF0IjoxNzAwMDAw"
    "MDAwLCJleHAiOjQxMDI0NDQ4MDAsImZ1bmN0aW9uIjp7InBlcm1pc3Npb25zIjpbIm9wZW5mYWFzLWZuOioiXX19.N9e"
    "-2JnoYqSTrOrxB5_Is4wh8uaZKU8pdjC7U7u3nj0uVyWFXMvDrZBLATyphbKSUYXw9IdDYO3bcZy_c8jBmLRXH8bxvVe"
    "JDa5Btr5mgTNUZjY-27g9mHxGZWle2Y34pRtix4IriF53bzi7PzLT7L666nYf2GJSxf1akcAGN9alnESQuG83VEBf1Rj"
    "TclBGTBDjYmFk5epvXIWaC_3DSBT-tCtAZWxt7SUtyBIbynRtZnLaYsfpDmYEBRjFvGlJ6HnwlniWNQkW33cRSShojBr"
    "Br4ZStWT2GiYFwmBb-QLciHeaqqNnqXpeE_gebh3JNteHH0df_B_OL-us8e-_5w";

inline constexpr std::string_view kSha512CalledRs256 =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYS0yMDQ4In0.eyJpc3MiOiJodHRwOi8vaXNzdWVyLnRl"
    "c3QiLCJhdWQiOlsiaHR0cDovL2lzc3Vlci50ZXN0Iiwib3RoZXIiXSwic3ViIjoidXNlci0xIiwiaWF0IjoxNzAwMDAw"
    "MDAwLCJleHAiOjQxMDI0NDQ4MDAsImZ1bmN0aW9uIjp7InBlcm1pc3Npb25zIjpbIm9wZW5mYWFzLWZuOioiXX19.ZBA"
    "UnCud5Hgsj6tZEimf7SUbFaExq3yUL8P-FdlPrq0o1ljxjqkWuNWi2kakDFg2TWBxanF3USMRvLtbA27y41TR6qhmppM"
    "hwX8womSDexRzhaJ2RmevuVJa0lH-zs2inlqs2TidFkvXcl3jJKEWPyXv-k-dLBVlEtm4KGebt2hyxj5MOIeSZ8Uvnqt"
    "5cXt5TdhmIh6G8_g_eQow53FMMWwvEWI8b7Ec1lgtYp2ELOyoaXUPXhQ-D4BuW19YMtsfesYfyPpkICv8rf8-DeN3D81"
    "G2WPWrYnv6NhlJ9k3y4AGDGfYH-niFL2zqZ7HbkajMNvYnLusu6d2CdDWqG4ahw";

}  // namespace watchdog::foreign
