<?php
namespace App;

class Handler
{
    public function handle(string $data): string
    {
        return 'Hello, ' . ($data ?: 'PHP') . "!\n";
    }
}
