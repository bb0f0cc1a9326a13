<?php
// A front controller: every path that is no file of this folder ends up here.

$base = rtrim(dirname($_SERVER['SCRIPT_NAME']), '/');  // what a gateway has put before our paths
$path = $_SERVER['PATH_INFO'] ?? '/';

function page(string $title, string $body): void
{
    global $base;
    echo "<!doctype html><title>$title</title><link rel=stylesheet href='$base/css/site.css'>",
        "<nav><a href='$base/'>Home</a><a href='$base/visits'>Visits</a><a href='$base/old'>Redirect</a>",
        "<a href='$base/report.csv'>Download</a></nav><h1>$title</h1>$body";
}

// A download that browsers can interrupt and resume.
function download(string $content): void
{
    header('Content-Disposition: attachment; filename="report.csv"');
    header('Content-Type: text/csv; charset=utf-8');
    header('Accept-Ranges: bytes');
    $size = strlen($content);
    if (preg_match('/^bytes=(\d+)-(\d*)$/', $_SERVER['HTTP_RANGE'] ?? '', $range)) {
        $first = (int) $range[1];
        $last = $range[2] === '' ? $size - 1 : min((int) $range[2], $size - 1);
        if ($first > $last) {
            http_response_code(416);
            header("Content-Range: bytes */$size");
            return;
        }
        http_response_code(206);
        header("Content-Range: bytes $first-$last/$size");
        $content = substr($content, $first, $last - $first + 1);
    }
    header('Content-Length: ' . strlen($content));
    echo $content;
}

switch (true) {
    case $path === '/':
        page('Hello from PHP ' . PHP_MAJOR_VERSION, "<p>You are at <code>{$_SERVER['REQUEST_URI']}</code>."
            . "<form method=post action='$base/upload' enctype=multipart/form-data>"
            . '<input type=file name=file> <button>Upload</button></form>');
        break;
    case $path === '/visits':
        session_start();
        $_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
        page('Visits', "<p>This is visit {$_SESSION['visits']}.");
        break;
    case $path === '/upload' && isset($_FILES['file']):
        $file = $_FILES['file'];
        if ($file['error'] !== UPLOAD_ERR_OK) {
            http_response_code(413);
            page('Not uploaded', '<p>PHP takes up to ' . ini_get('upload_max_filesize') . '.');
            break;
        }
        header('Content-Type: application/json');
        echo json_encode(['name' => $file['name'], 'size' => $file['size'],
                          'sha1' => sha1_file($file['tmp_name'])]), "\n";
        break;
    case $path === '/old':
        header("Location: $base/new", true, 301);
        break;
    case $path === '/new':
        page('New', '<p>The redirect led here.');
        break;
    case $path === '/report.csv':
        download("number,square\n" . implode('', array_map(fn ($n) => "$n," . $n * $n . "\n", range(1, 1000))));
        break;
    default:
        http_response_code(404);
        page('Not found', '<p>Nothing at <code>' . htmlspecialchars($path) . '</code>.');
}
