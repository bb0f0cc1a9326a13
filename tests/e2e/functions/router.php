<?php
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/missing') {
    http_response_code(404);
    echo 'no';
} elseif ($path === '/count') {
    echo strlen(file_get_contents('php://input'));
} else {
    echo file_get_contents('php://input');
}
